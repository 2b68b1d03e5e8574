import type { Condition, MirroredJob, TrainingJob, TrainingJobStatus } from '@orestes/contracts';
import { isTerminal } from '@orestes/jobs';

/** What the operator says of a TrainingJob; `job` is the API's to write. */
export type OwnStatus = Omit<TrainingJobStatus, 'job'>;

/** Why a TrainingJob has no job: the service refused its spec. */
export interface Refusal {
  code: string;
  message: string;
}

interface Told {
  trainingJob: TrainingJob;
  /** What a job that is not running waits for. */
  waitsFor: string | null;
  refusal: Refusal | null;
  /** RFC 3339. */
  now: string;
}

/** The status as it should be, of an object that has a job or was refused. What is the same as before keeps its time. */
export function statusOf({ trainingJob, waitsFor, refusal, now }: Told): OwnStatus {
  const { metadata, status } = trainingJob;
  const job = status?.job;
  const conditions = conditionsOf(job, refusal).map((condition): Condition => {
    const before = status?.conditions?.find(({ type }) => type === condition.type);
    const same = before?.status === condition.status;
    return {
      ...condition,
      lastTransitionTime: same ? before.lastTransitionTime : now,
      observedGeneration: metadata.generation ?? 1,
    };
  });
  const message = refusal?.message ?? waitsFor ?? job!.message;
  const reason = refusal?.code ?? job?.reason;
  return {
    phase: refusal ? 'refused' : job!.state,
    ...(reason !== undefined && { reason }),
    message: message.slice(0, 1000),
    attempt: job?.epoch ?? 0,
    ...(job?.progress && { progress: `${job.progress.done}/${job.progress.total} ${job.progress.unit}` }),
    observedGeneration: metadata.generation ?? 1,
    ...(status?.suspendAsked !== undefined && { suspendAsked: status.suspendAsked }),
    conditions,
  };
}

type Bare = Omit<Condition, 'lastTransitionTime'>;

function conditionsOf(job: MirroredJob | undefined, refusal: Refusal | null): Bare[] {
  const registered: Bare = refusal
    ? { type: 'Registered', status: 'False', reason: refusal.code, message: refusal.message.slice(0, 1000) }
    : { type: 'Registered', status: 'True', reason: 'Known', message: `it is job ${job!.id}` };
  if (!job) return [registered];
  const is = (type: Condition['type'], holds: boolean, message: string): Bare => ({
    ...{ type, status: holds ? 'True' : 'False', reason: reasonOf(job), message },
  });
  const { state, message, live } = job;
  return [
    registered,
    is('Admitted', live, live ? `attempt ${job.epoch}` : message),
    is('Running', state === 'running', state === 'running' ? `attempt ${job.epoch}` : ''),
    ...(state === 'suspended' ? [is('Suspended', true, message)] : []),
    ...(isTerminal(state) ? [is(state === 'succeeded' ? 'Complete' : 'Failed', true, message)] : []),
  ];
}

/** CamelCase, as Kubernetes asks of reasons. */
const reasonOf = ({ state }: MirroredJob) => state[0]!.toUpperCase() + state.slice(1);
