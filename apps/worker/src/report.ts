import type { BuildProgress } from '@orestes/corpus';
import type { RunReport, TrainContext } from '@orestes/trainer';

/** What a job tells whoever watches it. */
export type JobReport = RunReport | ({ kind: 'corpus' } & BuildProgress);

export interface JobContext {
  report: (report: JobReport) => void;
  /** Aborted: the job saves what it has and ends with INTERRUPTED. */
  signal: AbortSignal;
  /** Asked by trainings: the result of an equal one, or null. */
  known?: TrainContext['known'];
}
