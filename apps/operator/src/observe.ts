import type { Job, Pod } from '@orestes/kubernetes';
import { LABELS, PREEMPTED_FOR } from './act/children.js';
import type { SeenAttempt, SeenPod } from './decide/observed.js';

/** Jobs and pods as attempts, for decisions. */
export function attemptsOf(jobs: readonly Job[], pods: readonly Pod[]): SeenAttempt[] {
  return jobs.map((job) => {
    const { name, uid, labels, annotations, deletionTimestamp } = job.metadata!;
    const finished = job.status?.conditions?.find(
      ({ type, status }) => (type === 'Complete' || type === 'Failed') && status === 'True',
    );
    const own = pods.filter((pod) => pod.metadata?.ownerReferences?.some((owner) => owner.uid === uid));
    return {
      name: name!,
      uid: uid!,
      epoch: Number(labels![LABELS.epoch]),
      suspended: job.spec?.suspend === true,
      deleting: deletionTimestamp !== undefined,
      preemptedFor: annotations?.[PREEMPTED_FOR] ?? null,
      finishedAt: finished ? Date.parse(finished.lastTransitionTime ?? '') || 0 : null,
      failure: finished?.type === 'Failed' ? (finished.reason ?? 'Failed') : null,
      pods: own.map(podOf),
    };
  });
}

function podOf({ metadata, status }: Pod): SeenPod {
  const disrupted = status?.conditions?.find(({ type, status }) => type === 'DisruptionTarget' && status === 'True');
  const [container] = status?.containerStatuses ?? [];
  const ended = container?.state?.terminated;
  return {
    name: metadata!.name!,
    phase: (status?.phase ?? 'Pending') as SeenPod['phase'],
    disruption: disrupted ? (disrupted.message ?? disrupted.reason ?? 'disrupted') : null,
    exit: ended ? { code: ended.exitCode, reason: ended.reason ?? '' } : null,
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
