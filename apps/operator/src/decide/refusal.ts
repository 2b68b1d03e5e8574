import { shortened, type TrainingJob, type TrainingJobStatus } from '@orestes/contracts';
import type { Action } from './observed.js';

/** Why a TrainingJob has no job: the service refused it. */
export interface Refusal {
  code: string;
  message: string;
}

/** Of an answer with no problem document: a proxy's, or of another service. */
export const NO_PROBLEM = 'API_REFUSED';

const OF_THE_SPEC = [400, 422];
const OF_THE_JOB = ['NOT_FOUND', 'OBJECT_FOREIGN'];

/** Whether the service does not take an object, which no repetition changes; null: something else failed. */
export function refusalFrom(
  kind: Action['kind'],
  { status, code, message }: Refusal & { status: number },
): Refusal | null {
  const isOfObject = kind === 'register' ? OF_THE_SPEC.includes(status) : OF_THE_JOB.includes(code);
  return isOfObject && code !== NO_PROBLEM ? { code, message } : null;
}

/** The status of an object that was refused, which the service knows nothing of. @param now RFC 3339 */
export function refusedStatus({ metadata, status }: TrainingJob, refusal: Refusal, now: string): TrainingJobStatus {
  const reason = refusal.code;
  const message = shortened(refusal.message);
  const observedGeneration = metadata.generation ?? 1;
  const before = status?.conditions?.find(({ type }) => type === 'Registered');
  const lastTransitionTime = before?.status === 'False' ? before.lastTransitionTime : now;
  const registered = { type: 'Registered', status: 'False', reason, message } as const;
  return {
    ...{ phase: 'refused', reason, message, attempt: 0, observedGeneration },
    conditions: [{ ...registered, lastTransitionTime, observedGeneration }],
  };
}
