import type { SeenAttempt } from './observed.js';

export interface SeenEnding {
  outcome: 'lost' | 'interrupted' | 'failed';
  message: string;
  /** So long the job does not start again, which charges nobody; left out: what the outcome asks for. */
  pauseSeconds?: number;
}

/** The scheduler may choose the same node again, whose kubelet says the same until it has what it lacks. */
const REJECTED_PAUSE_SECONDS = 30;

/** Exit codes of a worker: apps/worker/src/service/attempt.ts. */
const PREEMPTED = 75;
const KILLED = 137;

/** Whether Kubernetes ends it because it ran too long. */
export const isOverdue = ({ failure }: Pick<SeenAttempt, 'failure'>): boolean => failure === 'DeadlineExceeded';

/** How an attempt ended whose worker did not tell it, by its pods. @param began whether its worker had begun */
export function endingOf({ pods, failure }: Pick<SeenAttempt, 'pods' | 'failure'>, began: boolean): SeenEnding {
  if (isOverdue({ failure })) {
    const what = began ? 'it ran longer than' : 'its pods found no node, or did not start, within';
    return { outcome: 'failed', message: `${what} resources.maxRuntimeSeconds` };
  }
  const disrupted = pods.find(({ disruption }) => disruption !== null);
  if (disrupted)
    return { outcome: 'interrupted', message: `pod ${disrupted.name} was taken away: ${disrupted.disruption}` };
  const rejected = pods.find((pod) => pod.rejected !== null);
  if (rejected)
    return {
      ...{ outcome: 'interrupted', pauseSeconds: REJECTED_PAUSE_SECONDS },
      message: `pod ${rejected.name} was rejected by its node: ${rejected.rejected}`,
    };
  const ended = pods.find(({ exit }) => exit !== null && exit.code !== 0);
  if (!ended) return { outcome: 'lost', message: 'its pods ended without a word' };
  const { code, reason } = ended.exit!;
  if (code === PREEMPTED) return { outcome: 'interrupted', message: `pod ${ended.name} was asked to end, and saved` };
  if (reason === 'OOMKilled')
    return { outcome: 'lost', message: `pod ${ended.name} needed more memory than resources.memoryGiB` };
  const how = code === KILLED ? 'was killed' : `ended with exit code ${code}`;
  return { outcome: 'lost', message: `pod ${ended.name} ${how}` };
}
