import type { JobProgress } from '@orestes/contracts';
import { bytes, percent, whole } from '../show/numbers.js';

const share = ({ done, total }: JobProgress): number => (total > 0 ? Math.min(1, done / total) : 0);

/** For example 480 of 1,000 steps. */
export function amount({ done, total, unit }: JobProgress): string {
  return unit === 'bytes' ? `${bytes(done)} of ${bytes(total)}` : `${whole(done)} of ${whole(total)} ${unit}`;
}

export function ProgressBar({ progress, label, ended }: { progress: JobProgress; label: string; ended: boolean }) {
  const done = share(progress);
  return (
    <span class={ended ? 'progress ended' : 'progress'} title={amount(progress)}>
      <progress aria-label={`Progress of ${label}`} value={done} max={1} />
      <span class="progress-share">{percent(done)}</span>
    </span>
  );
}
