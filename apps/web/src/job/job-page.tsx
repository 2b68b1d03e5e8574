import type { JobDocument } from '@orestes/contracts';
import { getJob } from '../api/jobs.js';
import { usePolled } from '../hooks/use-polled.js';
import { useTitle } from '../hooks/use-route.js';
import { ProblemNote } from '../parts/problem-note.js';
import { hasCurves, isParent } from '../show/kinds.js';
import { hasEnded } from '../show/states.js';
import { JobChildren } from './job-children.js';
import { JobCurves } from './job-curves.js';
import { JobEvents } from './job-events.js';
import { JobHeader } from './job-header.js';
import { JobLineage } from './job-lineage.js';
import { JobLogs } from './job-logs.js';
import { JobResult } from './job-result.js';
import { JobSpec } from './job-spec.js';

const EVERY = 2000;

/** One job: what it does now, how it came to be, what it made. */
export function JobPage({ id }: { id: string }) {
  const { value, problem, reload } = usePolled(
    `job ${id}`,
    (signal) => getJob(id, signal),
    (job) => (hasEnded(job.state) ? null : EVERY),
  );
  useTitle(value?.name ?? 'Job');
  if (value) return <JobSections job={value} onChange={reload} />;
  if (!problem) return <p class="muted loading">Loading the job …</p>;
  return (
    <>
      <h1>Job</h1>
      <ProblemNote problem={problem} />
      <p>
        <a href="#/">All jobs</a>
      </p>
    </>
  );
}

function JobSections({ job, onChange }: { job: JobDocument; onChange: () => void }) {
  return (
    <>
      <JobHeader job={job} onChange={onChange} />
      {isParent(job.kind) && <JobChildren job={job} />}
      {hasCurves(job.kind) && <JobCurves id={job.id} />}
      {job.result !== null && <JobResult kind={job.kind} result={job.result} />}
      <div class="columns">
        <JobEvents job={job} />
        <JobLineage job={job} />
      </div>
      {!isParent(job.kind) && <JobLogs id={job.id} />}
      <JobSpec job={job} />
    </>
  );
}
