import type { MirroredJob } from '@orestes/contracts';

/** For how many milliseconds a job whose worker was lost may not start again; 0: it may. */
export const notBeforeMs = ({ notBefore }: MirroredJob, now: number): number =>
  notBefore === undefined ? 0 : Math.max(0, Date.parse(notBefore) - now);
