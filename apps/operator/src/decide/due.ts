import type { TrainingJob } from '@orestes/contracts';

/** For how many milliseconds a job whose worker was lost may not start again; 0: it may. */
export function notBeforeMs({ status }: TrainingJob, now: number): number {
  const notBefore = status?.job?.notBefore;
  return notBefore === undefined ? 0 : Math.max(0, Date.parse(notBefore) - now);
}
