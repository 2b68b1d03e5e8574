import type { SeenAttempt, SeenPod } from './observed.js';

/** A kubelet that has not ended a pod so long after it should have is out of reach, and so is its node. */
const UNREACHABLE_MS = 30_000;

/**
 * For how long an attempt may still have running pods: 0 when it has none, infinite while nobody ends them. On a node that is
 * lost they may in fact run on: their workers find themselves fenced, and what they would write is what the next attempt writes
 * (on the same kind of device, to the last bit).
 */
export function podsLeftMs({ pods }: SeenAttempt, now: number): number {
  return Math.max(0, ...pods.map((pod) => leftMs(pod, now)));
}

/** Whether it has pods that run for all that is known, on a node that is lost, and nothing else. */
export const isOutOfReach = (attempt: SeenAttempt, now: number): boolean =>
  attempt.pods.some((pod) => !hasEnded(pod)) && podsLeftMs(attempt, now) === 0;

export const hasEnded = ({ phase }: SeenPod) => phase === 'Succeeded' || phase === 'Failed';

function leftMs(pod: SeenPod, now: number): number {
  if (hasEnded(pod)) return 0;
  return pod.endBy === null ? Infinity : pod.endBy + UNREACHABLE_MS - now;
}
