import { OrestesError, type JobDocument } from '@orestes/contracts';

const CODES: Partial<Record<JobDocument['state'], string>> = {
  failed: 'JOB_FAILED',
  diverged: 'JOB_DIVERGED',
  cancelled: 'JOB_CANCELLED',
};

/** @throws OrestesError JOB_FAILED, JOB_DIVERGED or JOB_CANCELLED where a job has ended otherwise than well */
export function assertSucceeded({ state, name, why }: JobDocument): void {
  const code = CODES[state];
  if (code !== undefined) throw new OrestesError(code, `${name}: ${why}`);
}
