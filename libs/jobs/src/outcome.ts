import type { AttemptEnd, JobState } from '@orestes/contracts';

/** How an attempt came to its end: as the worker told it, or without a word. */
export type Ending =
  | AttemptEnd
  /** The worker is gone: a crash, a kill, a lost machine. */
  | { outcome: 'lost'; code: string; message: string };

export interface JobAtEnd {
  state: JobState;
  failures: number;
  retries: number;
}

export interface Verdict {
  state: JobState;
  reason: string | null;
  message: string;
  /** Whether the retry budget is charged. */
  failure: boolean;
  /** Milliseconds until it may start again. */
  backoffMs: number;
}

const LONGEST_BACKOFF_MS = 60_000;

/** Told by a worker, and gone by itself, perhaps: treated as a crash. */
const PASSING = ['STORE_UNREACHABLE'];

/**
 * What becomes of a job whose attempt has ended. A lost worker is started again while the budget lasts; an interruption (a
 * suspension, a shutdown, an eviction) is never charged; an error that a worker tells would come again, so it is final.
 * @param backoffMs before the first repetition; doubles with each
 */
export function afterAttempt(job: JobAtEnd, ending: Ending, backoffMs: number): Verdict {
  const verdict = (state: JobState, message: string, more: Partial<Verdict> = {}): Verdict => ({
    state,
    reason: null,
    message,
    failure: false,
    backoffMs: 0,
    ...more,
  });
  const suspending = job.state === 'suspending';
  if (ending.outcome === 'failed' && PASSING.includes(ending.code))
    return afterAttempt(job, { outcome: 'lost', code: ending.code, message: ending.message }, backoffMs);
  switch (ending.outcome) {
    case 'succeeded':
      return verdict('succeeded', ending.reusedFrom ? `the result of the equal job ${ending.reusedFrom}` : 'done');
    case 'failed':
    case 'diverged':
      return verdict(ending.outcome, ending.message, { reason: ending.code });
    case 'interrupted':
      return verdict(suspending ? 'suspended' : 'queued', ending.message);
    case 'lost': {
      if (suspending) return verdict('suspended', ending.message);
      const failures = job.failures + 1;
      if (failures > job.retries)
        return verdict('failed', `${ending.message}; crashed ${failures} times, ${job.retries} retries are allowed`, {
          reason: ending.code,
          failure: true,
        });
      const wait = Math.min(LONGEST_BACKOFF_MS, backoffMs * 2 ** (failures - 1));
      return verdict('queued', ending.message, { failure: true, backoffMs: wait });
    }
  }
}

export interface ChildState {
  name: string;
  state: JobState;
  /** Code of the error that ended it. */
  reason: string | null;
}

/** What becomes of a sweep or a pipeline whose children stand so; null: it goes on. */
export function afterChildren(children: readonly ChildState[]): Verdict | null {
  const count = (state: JobState) => children.filter((c) => c.state === state).length;
  const ended = (['succeeded', 'failed', 'cancelled', 'diverged'] as const).map((s) => [s, count(s)] as const);
  if (ended.reduce((sum, [, n]) => sum + n, 0) < children.length) return null;
  const told = ended.flatMap(([state, n]) => (n > 0 ? [`${n} ${state}`] : [])).join(', ');
  const message = `all ${children.length} jobs have ended: ${told}`;
  const all = count('succeeded') === children.length;
  const first = children.find((c) => c.state !== 'succeeded');
  return {
    state: all ? 'succeeded' : 'failed',
    reason: all ? null : 'CHILDREN_FAILED',
    message: all ? message : `${message} (the first: ${[first!.name, first!.reason].filter(Boolean).join(', ')})`,
    failure: false,
    backoffMs: 0,
  };
}
