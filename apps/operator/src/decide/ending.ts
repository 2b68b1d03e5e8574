import type { SeenAttempt } from './observed.js';

export interface SeenEnding {
  outcome: 'lost' | 'interrupted' | 'failed';
  message: string;
}

/** Exit codes of a worker: apps/worker/src/service/attempt.ts. */
const PREEMPTED = 75;
const KILLED = 137;

/** Whether Kubernetes ends it because it ran too long. */
export const isOverdue = ({ failure }: Pick<SeenAttempt, 'failure'>): boolean => failure === 'DeadlineExceeded';

/** How an attempt ended whose worker did not tell it, by its pods. */
export function endingOf({ pods, failure }: Pick<SeenAttempt, 'pods' | 'failure'>): SeenEnding {
  if (isOverdue({ failure })) return { outcome: 'failed', message: 'it ran longer than resources.maxRuntimeSeconds' };
  const disrupted = pods.find(({ disruption }) => disruption !== null);
  if (disrupted)
    return { outcome: 'interrupted', message: `pod ${disrupted.name} was taken away: ${disrupted.disruption}` };
  const ended = pods.find(({ exit }) => exit !== null && exit.code !== 0);
  if (!ended) return { outcome: 'lost', message: 'its pods ended without a word' };
  const { code, reason } = ended.exit!;
  if (code === PREEMPTED) return { outcome: 'interrupted', message: `pod ${ended.name} was asked to end, and saved` };
  if (reason === 'OOMKilled')
    return { outcome: 'lost', message: `pod ${ended.name} needed more memory than resources.memoryGiB` };
  const how = code === KILLED ? 'was killed' : `ended with exit code ${code}`;
  return { outcome: 'lost', message: `pod ${ended.name} ${how}` };
}
