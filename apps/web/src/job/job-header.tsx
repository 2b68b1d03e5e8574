import type { JobDocument } from '@orestes/contracts';
import { Facts, type Fact } from '../parts/facts.js';
import { Labels } from '../parts/job-table.js';
import { amount, ProgressBar } from '../parts/progress-bar.js';
import { StateBadge } from '../parts/state-badge.js';
import { compareHref } from '../routes.js';
import { hasCurves } from '../show/kinds.js';
import { compact } from '../show/numbers.js';
import { hasEnded } from '../show/states.js';
import { duration, fullTime, secondsBetween } from '../show/times.js';
import { JobActions } from './job-actions.js';

export function JobHeader({ job, onChange }: { job: JobDocument; onChange: () => void }) {
  const wrong = job.state === 'failed' || job.state === 'diverged';
  return (
    <section class="job-header" aria-label="Job">
      <nav aria-label="Where this is" class="crumbs">
        <a href="#/">Jobs</a>
        <span aria-hidden="true">/</span>
        <span>{job.kind}</span>
      </nav>
      <div class="page-head">
        <div>
          <h1>{job.name}</h1>
          <Labels labels={job.labels} />
        </div>
        <div class="actions">
          {hasCurves(job.kind) && (
            <a class="button" href={compareHref([job.id])}>
              Compare
            </a>
          )}
          <JobActions job={job} onChange={onChange} />
        </div>
      </div>
      <p class="job-state">
        <span role="status" aria-label="State">
          <StateBadge state={job.state} why={job.why} />
        </span>
        {!wrong && <span class="why">{job.why}</span>}
      </p>
      {wrong && <pre class="job-message">{job.why}</pre>}
      {job.progress && <ProgressBar progress={job.progress} label={job.name} ended={hasEnded(job.state)} />}
      <Facts label="Progress" facts={progressFacts(job)} />
    </section>
  );
}

function progressFacts(job: JobDocument): Fact[] {
  const { progress, startedAt, finishedAt } = job;
  const running = job.state === 'running';
  const speed = progress?.tokensPerSecond ?? null;
  const eta = running ? (progress?.etaSeconds ?? null) : null;
  return [
    ['Done', progress && amount(progress)],
    ['Tokens/s', speed === null ? null : compact(speed)],
    ['ETA', eta === null ? null : duration(eta)],
    [finishedAt === null ? 'Running for' : 'Took', startedAt && duration(secondsBetween(startedAt, finishedAt))],
    ['Submitted', <time dateTime={job.createdAt}>{fullTime(job.createdAt)}</time>],
    ['Host', running ? (job.attempts.at(-1)?.host ?? null) : null],
    ['Crashes', job.failures > 0 ? `${job.failures} (${job.retries} retries allowed)` : null],
    ['Priority', job.priority === 0 ? null : job.priority],
  ];
}
