import { getJob } from '../api/jobs.js';
import { usePolled } from '../hooks/use-polled.js';
import { jobHref } from '../routes.js';
import { hasEnded } from '../show/states.js';
import { StateBadge } from './state-badge.js';

/** Another job by its id: its name and state as soon as they are known. */
export function JobLink({ id }: { id: string }) {
  const { value } = usePolled(
    `job ${id}`,
    (signal) => getJob(id, signal),
    (job) => (hasEnded(job.state) ? null : 5000),
  );
  return (
    <span class="job-link">
      <a href={jobHref(id)} title={id}>
        {value?.name ?? id.slice(0, 8)}
      </a>
      {value && <StateBadge state={value.state} why={value.why} />}
    </span>
  );
}
