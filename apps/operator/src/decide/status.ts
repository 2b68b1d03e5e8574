import { shortened, type TrainingJob, type TrainingJobStatus } from '@orestes/contracts';

/** Why a TrainingJob has no job: the service refused it. */
export interface Refusal {
  code: string;
  message: string;
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
