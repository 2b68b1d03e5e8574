import type { JobDocument } from '@orestes/contracts';
import { useJobList } from '../jobs/use-job-list.js';
import { JobTable } from '../parts/job-table.js';
import { StateBadge } from '../parts/state-badge.js';
import { compareHref } from '../routes.js';
import { hasCurves } from '../show/kinds.js';
import { allStates } from '../show/states.js';

/** More curves in one chart cannot be told apart. */
const COMPARED = 8;

export function JobChildren({ job }: { job: JobDocument }) {
  const { jobs, more, showMore } = useJobList({ parent: job.id });
  const curved = job.children.filter((child) => hasCurves(child.kind) && child.state !== 'queued');
  const compared = curved.slice(0, COMPARED).map((child) => child.id);
  // Oldest first, as they follow each other; while some are not shown yet, the list begins with the newest.
  const shown = more ? jobs : jobs?.toReversed();
  return (
    <section aria-label="Children">
      <div class="section-head">
        <h2>{job.children.length === 1 ? '1 child' : `${job.children.length} children`}</h2>
        {compared.length > 1 && (
          <a class="button" href={compareHref(compared)}>
            Compare {compared.length < curved.length ? `the first ${compared.length}` : 'curves'}
          </a>
        )}
      </div>
      <StateCounts children={job.children} />
      {shown && shown.length > 0 && <JobTable jobs={shown} label="Children" />}
      {more && (
        <p class="table-foot">
          <button type="button" onClick={showMore}>
            More children
          </button>
        </p>
      )}
    </section>
  );
}

/** How many are in which state, as a bar and in words. */
function StateCounts({ children }: { children: JobDocument['children'] }) {
  const counts = allStates
    .map((state) => ({ state, count: children.filter((child) => child.state === state).length }))
    .filter(({ count }) => count > 0);
  if (counts.length === 0) return <p class="empty-line">Its children are made when it is admitted.</p>;
  return (
    <div class="state-counts">
      <div class="state-bar" aria-hidden="true">
        {counts.map(({ state, count }) => (
          <span key={state} class={`state-${state}`} style={{ flexGrow: count }} />
        ))}
      </div>
      <ul>
        {counts.map(({ state, count }) => (
          <li key={state}>
            {count} <StateBadge state={state} />
          </li>
        ))}
      </ul>
    </div>
  );
}
