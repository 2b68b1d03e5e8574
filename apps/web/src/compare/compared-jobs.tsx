import { StateBadge } from '../parts/state-badge.js';
import { jobHref } from '../routes.js';
import { jobTone } from './job-tone.js';
import type { Compared } from './use-compared.js';

interface Props {
  compared: Compared[];
  onRemove: (id: string) => void;
}

/** The legend of all charts. */
export function ComparedJobs({ compared, onRemove }: Props) {
  return (
    <ul class="compared" aria-label="Compared jobs">
      {compared.map(({ id, job, missing }, i) => {
        const name = job?.name ?? id.slice(0, 8);
        return (
          <li key={id} style={{ '--tone': `var(--${jobTone(i)})` }}>
            <span class="chip" aria-hidden="true" />
            <span class="compared-name">
              <a href={jobHref(id)}>{name}</a>
              {job && <StateBadge state={job.state} why={job.why} />}
              {missing && <span class="muted">no such job</span>}
            </span>
            <button
              type="button"
              class="small quiet"
              aria-label={`Remove ${name}`}
              title="Remove"
              onClick={() => onRemove(id)}
            >
              ×
            </button>
          </li>
        );
      })}
    </ul>
  );
}
