import type { JobSummary } from '@orestes/contracts';
import { jobHref } from '../routes.js';
import { hasEnded } from '../show/states.js';
import { duration, age, fullTime } from '../show/times.js';
import { ProgressBar } from './progress-bar.js';
import { StateBadge } from './state-badge.js';

interface Props {
  jobs: JobSummary[];
  label: string;
  onLabel?: (label: string) => void;
}

/** The roles are written out because narrow screens show rows as cards, and `display` takes a table's own roles away. */
export function JobTable({ jobs, label, onLabel }: Props) {
  return (
    <table class="job-table" role="table" aria-label={label}>
      <thead role="rowgroup">
        <tr role="row">
          {['State', 'Name', 'Kind', 'Progress', 'ETA', 'Age'].map((name) => (
            <th key={name} role="columnheader" scope="col" class={`col-${name.toLowerCase()}`}>
              {name}
            </th>
          ))}
        </tr>
      </thead>
      <tbody role="rowgroup">
        {jobs.map((job) => (
          <JobRow key={job.id} job={job} onLabel={onLabel} />
        ))}
      </tbody>
    </table>
  );
}

function JobRow({ job, onLabel }: { job: JobSummary; onLabel?: (label: string) => void }) {
  const { progress } = job;
  const eta = job.state === 'running' ? (progress?.etaSeconds ?? null) : null;
  return (
    <tr role="row">
      <td role="cell" class="col-state">
        <StateBadge state={job.state} why={job.reason} />
        {job.reason !== null && <code class="reason">{job.reason}</code>}
      </td>
      <th role="rowheader" scope="row" class="col-name">
        <a href={jobHref(job.id)}>{job.name}</a>
        <Labels labels={job.labels} onLabel={onLabel} />
      </th>
      <td role="cell" class="col-kind">
        {job.kind}
      </td>
      <td role="cell" class="col-progress">
        {progress ? (
          <ProgressBar progress={progress} label={job.name} ended={hasEnded(job.state)} />
        ) : (
          <span class="muted">–</span>
        )}
      </td>
      <td role="cell" class="col-eta">
        {eta === null ? <span class="muted">–</span> : duration(eta)}
      </td>
      <td role="cell" class="col-age" title={fullTime(job.createdAt)}>
        {age(job.createdAt)}
      </td>
    </tr>
  );
}

export function Labels({ labels, onLabel }: { labels: Record<string, string>; onLabel?: (label: string) => void }) {
  const all = Object.entries(labels).map(([key, value]) => `${key}=${value}`);
  if (all.length === 0) return null;
  return (
    <span class="labels">
      {all.map((text) =>
        onLabel ? (
          <button key={text} type="button" class="label" title={`Only jobs with ${text}`} onClick={() => onLabel(text)}>
            {text}
          </button>
        ) : (
          <span key={text} class="label">
            {text}
          </span>
        ),
      )}
    </span>
  );
}
