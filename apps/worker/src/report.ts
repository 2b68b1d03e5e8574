import type { BuildProgress } from '@orestes/corpus';
import type { RunReport } from '@orestes/trainer';

/** What a job tells whoever watches it. */
export type JobReport = RunReport | ({ kind: 'corpus' } & BuildProgress);

export interface JobContext {
  report: (report: JobReport) => void;
  /** Aborted: the job saves what it has and ends with INTERRUPTED. */
  signal: AbortSignal;
}
