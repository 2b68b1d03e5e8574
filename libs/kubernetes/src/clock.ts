import { setTimeout as timer } from 'node:timers/promises';

/** Time, injected so that tests need not wait. */
export interface Clock {
  /** Milliseconds from some moment on; never goes back. */
  now(): number;
  /** Calls `run` in `ms`; the result calls it off. */
  after(ms: number, run: () => void): () => void;
}

/** CLOCK_MONOTONIC: goes on while the process is stopped by a signal, not while the whole machine is suspended. */
export const systemClock: Clock = {
  now: () => performance.now(),
  after(ms, run) {
    // A longer timer of Node would fire at once: it counts in 32 bits.
    const timeout = setTimeout(run, Math.min(ms, 2 ** 31 - 1));
    return () => clearTimeout(timeout);
  },
};

export interface Backoff {
  baseMs: number;
  mostMs: number;
}

/**
 * How long to wait after the `failures`th failure in a row (from 1): base * 2^(failures - 1), at most `mostMs`, of which
 * the upper half is random, so that those that failed together do not come back together.
 * @param random in [0, 1)
 */
export function backoffMs({ baseMs, mostMs }: Backoff, failures: number, random: () => number): number {
  const full = Math.min(mostMs, baseMs * 2 ** Math.min(failures - 1, 30));
  return full * (0.5 + random() / 2);
}

/** Waits; returns early, without an error, when the signal aborts. */
export async function pause(ms: number, signal?: AbortSignal): Promise<void> {
  await timer(ms, undefined, { signal }).catch((error: unknown) => {
    if (!signal?.aborted) throw error;
  });
}
