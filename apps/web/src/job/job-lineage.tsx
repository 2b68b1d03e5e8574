import type { JobDocument } from '@orestes/contracts';
import { listCheckpoints } from '../api/jobs.js';
import { usePolled } from '../hooks/use-polled.js';
import { Facts } from '../parts/facts.js';
import { JobLink } from '../parts/job-link.js';
import { bytes, whole } from '../show/numbers.js';
import { hasCurves } from '../show/kinds.js';
import { hasEnded } from '../show/states.js';
import { duration, fullTime, secondsBetween } from '../show/times.js';

/** Where the job comes from, and what it left. */
export function JobLineage({ job }: { job: JobDocument }) {
  const links = (ids: string[]) =>
    ids.length > 0 && (
      <ul class="plain">
        {ids.map((id) => (
          <li key={id}>
            <JobLink id={id} />
          </li>
        ))}
      </ul>
    );
  return (
    <section aria-label="Lineage">
      <h2>Lineage</h2>
      <Facts
        facts={[
          ['Part of', job.parent && <JobLink id={job.parent} />],
          ['Needs', links(job.dependsOn)],
          ['Result of', job.reusedFrom && <JobLink id={job.reusedFrom} />],
          ['Repeats', job.retryOf && <JobLink id={job.retryOf} />],
          ['Output', job.output && <code class="address">{job.output}</code>],
          ['Recipe hash', job.recipeHash && <code title={job.recipeHash}>{job.recipeHash.slice(0, 12)}</code>],
          ['Job', <code class="address">{job.id}</code>],
        ]}
      />
      <Attempts job={job} />
      {hasCurves(job.kind) && <Checkpoints job={job} />}
    </section>
  );
}

function Attempts({ job }: { job: JobDocument }) {
  if (job.attempts.length === 0) return null;
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label="Attempts">
      <table>
        <caption>Attempts</caption>
        <thead>
          <tr>
            <th scope="col">#</th>
            <th scope="col">Outcome</th>
            <th scope="col">Host</th>
            <th scope="col">Took</th>
          </tr>
        </thead>
        <tbody>
          {job.attempts.map((attempt) => (
            <tr key={attempt.epoch}>
              <th scope="row">{attempt.epoch}</th>
              <td>{attempt.outcome ?? attempt.state}</td>
              <td>{attempt.host ?? '–'}</td>
              <td>{attempt.startedAt ? duration(secondsBetween(attempt.startedAt, attempt.endedAt)) : '–'}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Checkpoints({ job }: { job: JobDocument }) {
  const { value } = usePolled(
    `checkpoints ${job.id} ${job.state}`,
    (signal) => listCheckpoints(job.id, signal),
    () => (hasEnded(job.state) ? null : 10_000),
  );
  if (!value || value.items.length === 0) return null;
  return (
    <div class="scroll checkpoints" tabIndex={0} role="region" aria-label="Checkpoints">
      <table>
        <caption>Checkpoints</caption>
        <thead>
          <tr>
            <th scope="col">Step</th>
            <th scope="col">Size</th>
            <th scope="col">Written</th>
            <th scope="col">Address</th>
          </tr>
        </thead>
        <tbody>
          {value.items.map((checkpoint) => (
            <tr key={checkpoint.address}>
              <th scope="row">{whole(checkpoint.step)}</th>
              <td>{bytes(checkpoint.bytes)}</td>
              <td>{fullTime(checkpoint.createdAt)}</td>
              <td>
                <code title={checkpoint.address}>{within(job.output, checkpoint.address)}</code>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** An address as it is seen from the output, which stands above. */
const within = (output: string | null, address: string): string =>
  output !== null && address.startsWith(`${output}/`) ? address.slice(output.length + 1) : address;
