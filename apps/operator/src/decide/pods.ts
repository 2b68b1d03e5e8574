import type { SeenAttempt, SeenPod } from './observed.js';

/** A kubelet that has not ended a pod so long after it should have is out of reach, and so is its node. */
const UNREACHABLE_MS = 30_000;

/**
 * For how long an attempt may still have running pods: 0 when it has none, infinite while nobody ends them. On a node that is
 * lost they may in fact run on: their workers find themselves fenced, and what they would write is what the next attempt writes.
 */
export function podsLeftMs({ pods }: SeenAttempt, now: number): number {
  return Math.max(0, ...pods.map((pod) => leftMs(pod, now)));
}

function leftMs({ phase, endBy }: SeenPod, now: number): number {
  if (phase === 'Succeeded' || phase === 'Failed') return 0;
  return endBy === null ? Infinity : endBy + UNREACHABLE_MS - now;
}
