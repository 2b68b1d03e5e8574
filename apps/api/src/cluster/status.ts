import { shortened, type Condition, type MirroredJob, type TrainingJobStatus } from '@orestes/contracts';
import type { Job } from '@orestes/database';
import { isTerminal } from '@orestes/jobs';

type Known = Pick<Job, 'waiting' | 'generation' | 'conditions'>;

/** The status of a job's TrainingJob. Conditions that are the same as those told before keep their times. */
export function statusOf({ waiting, generation, conditions }: Known, job: MirroredJob, now: Date): TrainingJobStatus {
  const { state, message, reason, epoch, progress } = job;
  return {
    job,
    phase: state,
    ...(reason !== undefined && { reason }),
    message: shortened(waiting ?? message),
    attempt: epoch,
    ...(progress && { progress: `${progress.done}/${progress.total} ${progress.unit}` }),
    observedGeneration: generation,
    conditions: conditionsOf(job).map((condition) => {
      const before = conditions?.find(({ type }) => type === condition.type);
      const since = before?.status === condition.status ? before.lastTransitionTime : now.toISOString();
      return { ...condition, lastTransitionTime: since, observedGeneration: generation };
    }),
  };
}

type Bare = Omit<Condition, 'lastTransitionTime'>;

function conditionsOf(job: MirroredJob): Bare[] {
  const { id, state, message, live, epoch } = job;
  // CamelCase, as Kubernetes asks of reasons.
  const reason = state[0]!.toUpperCase() + state.slice(1);
  const is = (type: Condition['type'], holds: boolean, message: string): Bare => ({
    ...{ type, status: holds ? 'True' : 'False', reason, message: shortened(message) },
  });
  return [
    { type: 'Registered', status: 'True', reason: 'Known', message: `it is job ${id}` },
    is('Admitted', live, live ? `attempt ${epoch}` : message),
    is('Running', state === 'running', state === 'running' ? `attempt ${epoch}` : ''),
    ...(state === 'suspended' ? [is('Suspended', true, message)] : []),
    ...(isTerminal(state) ? [is(state === 'succeeded' ? 'Complete' : 'Failed', true, message)] : []),
  ];
}
