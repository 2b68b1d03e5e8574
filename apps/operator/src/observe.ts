import type { Job, Pod } from '@orestes/kubernetes';
import { LABELS, PREEMPTED_FOR, WORKER } from './act/children.js';
import type { SeenAttempt, SeenPod } from './decide/observed.js';
import { hasEnded } from './decide/pods.js';

/** Jobs and pods as attempts, for decisions. */
export function attemptsOf(jobs: readonly Job[], pods: readonly Pod[]): SeenAttempt[] {
  const owners = new Set(jobs.map(({ metadata }) => metadata!.uid!));
  const orphans = pods.filter((pod) => !ownersOf(pod).some((uid) => owners.has(uid))).map(podOf);
  const left = orphans.filter((pod) => !hasEnded(pod));
  return [...jobs.map((job) => attemptOf(job, pods)), ...(left.length > 0 ? [orphaned(left)] : [])];
}

const ownersOf = ({ metadata }: Pod): string[] => metadata?.ownerReferences?.map(({ uid }) => uid) ?? [];

/** Pods whose Jobs were deleted before they had ended, whatever attempts they were of. */
const orphaned = (pods: readonly SeenPod[]): SeenAttempt => ({
  ...{ name: '', uid: '', epoch: 0, suspended: false, deleting: true, gone: true, preemptedFor: null },
  ...{ finishedAt: null, startedAt: null, failure: null, pods },
});

function attemptOf(job: Job, pods: readonly Pod[]): SeenAttempt {
  const { name, uid, labels, annotations, deletionTimestamp } = job.metadata!;
  const condition = (...types: string[]) =>
    job.status?.conditions?.find(({ type, status }) => types.includes(type) && status === 'True');
  const finished = condition('Complete', 'Failed');
  const failing = condition('Failed', 'FailureTarget');
  return {
    name: name!,
    uid: uid!,
    epoch: Number(labels![LABELS.epoch]),
    suspended: job.spec?.suspend === true,
    deleting: deletionTimestamp !== undefined,
    gone: false,
    preemptedFor: annotations?.[PREEMPTED_FOR] ?? null,
    finishedAt: finished ? Date.parse(finished.lastTransitionTime ?? '') || 0 : null,
    startedAt: job.status?.startTime ? Date.parse(job.status.startTime) : null,
    failure: failing ? (failing.reason ?? 'Failed') : null,
    pods: pods.filter((pod) => ownersOf(pod).includes(uid!)).map(podOf),
  };
}

function podOf({ metadata, status }: Pod): SeenPod {
  const disrupted = status?.conditions?.find(({ type, status }) => type === 'DisruptionTarget' && status === 'True');
  const ended = status?.containerStatuses?.find(({ name }) => name === WORKER)?.state?.terminated;
  const failed = status?.phase === 'Failed';
  return {
    name: metadata!.name!,
    phase: (status?.phase ?? 'Pending') as SeenPod['phase'],
    disruption: disrupted ? (disrupted.message ?? disrupted.reason ?? 'disrupted') : null,
    exit: ended ? { code: ended.exitCode, reason: ended.reason ?? '' } : null,
    rejected: failed && !ended ? (status.message ?? status.reason ?? null) : null,
    endBy: metadata?.deletionTimestamp === undefined ? null : Date.parse(metadata.deletionTimestamp),
    pending: status?.phase === 'Pending' ? pendingReason(status) : null,
  };
}

/** In the scheduler's words, or the kubelet's. */
function pendingReason({ conditions, containerStatuses }: NonNullable<Pod['status']>): string {
  const scheduled = conditions?.find(({ type }) => type === 'PodScheduled');
  if (scheduled?.status === 'False')
    return `Its pod finds no node: ${scheduled.message ?? scheduled.reason ?? 'no reason was told'}.`;
  const waiting = containerStatuses?.find(({ state }) => state?.waiting)?.state?.waiting;
  const pulling = /^(ErrImagePull|ImagePullBackOff|InvalidImageName)$/.test(waiting?.reason ?? '');
  if (pulling) return `Its image can't be pulled: ${waiting?.message ?? waiting?.reason}.`;
  if (waiting && waiting.reason !== 'ContainerCreating')
    return `Its container can't start: ${waiting.message ?? waiting.reason}.`;
  return scheduled?.status === 'True' ? 'Its pod is being started.' : 'Its pod is being scheduled.';
}
