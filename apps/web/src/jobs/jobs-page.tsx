import type { JobQuery } from '../api/jobs.js';
import { replaceWith, useTitle } from '../hooks/use-route.js';
import { JobTable } from '../parts/job-table.js';
import { ProblemNote } from '../parts/problem-note.js';
import { hrefOf, NO_FILTER, type JobFilter } from '../routes.js';
import { JobFilterBar } from './job-filter-bar.js';
import { useJobList } from './use-job-list.js';

/** Jobs of the project, newest first. */
export function JobsPage({ filter }: { filter: JobFilter }) {
  useTitle('Jobs');
  const { jobs, more, showMore, problem } = useJobList(queryOf(filter));
  const change = (changes: Partial<JobFilter>) => replaceWith({ page: 'jobs', filter: { ...filter, ...changes } });
  return (
    <>
      <div class="page-head">
        <h1>Jobs</h1>
        <a class="button primary" href={hrefOf({ page: 'submit', from: null })}>
          Submit a job
        </a>
      </div>
      <JobFilterBar filter={filter} onChange={change} />
      {problem && <ProblemNote problem={problem} />}
      {jobs === null && !problem && <p class="muted loading">Loading jobs …</p>}
      {jobs?.length === 0 && <NoJobs filter={filter} />}
      {jobs !== null && jobs.length > 0 && (
        <>
          <JobTable jobs={jobs} label="Jobs" onLabel={(label) => change({ label })} />
          <p class="table-foot">
            <span class="muted">
              {jobs.length}
              {more ? ' newest' : ''} {jobs.length === 1 ? 'job' : 'jobs'}
            </span>
            {more && (
              <button type="button" onClick={showMore}>
                More jobs
              </button>
            )}
          </p>
        </>
      )}
    </>
  );
}

const queryOf = ({ state, kind, label, all }: JobFilter): JobQuery => ({
  state,
  kind,
  label,
  ...(all ? {} : { root: true }),
});

function NoJobs({ filter }: { filter: JobFilter }) {
  const filtered = filter.state !== null || filter.kind !== null || filter.label !== '';
  return (
    <div class="empty">
      {filtered ? (
        <p>
          No job fits this filter.{' '}
          <a href={hrefOf({ page: 'jobs', filter: { ...NO_FILTER, all: filter.all } })}>Clear it</a>
        </p>
      ) : (
        <p>
          No jobs yet. <a href={hrefOf({ page: 'submit', from: null })}>Submit one</a>
        </p>
      )}
    </div>
  );
}
