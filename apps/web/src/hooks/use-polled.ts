import type { ProblemDocument } from '@orestes/contracts';
import { useCallback, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { ApiDown, Refused } from '../api/client.js';
import { seen, sleep } from './waiting.js';

export interface Polled<T> {
  /** The newest answer; it stays while the API is down. null before the first. */
  value: T | null;
  problem: ProblemDocument | null;
  /** Asks again now. */
  reload: () => void;
}

interface Answer<T> {
  key: string;
  value: T | null;
  problem: ProblemDocument | null;
}

/** While the API is down, or says that it cannot now. */
const RETRY = 2000;

/**
 * What `load` gives, again and again while the page is seen.
 * @param key names what is loaded: with another one, the old value is not shown any more
 * @param every milliseconds from an answer to the next question; null: this answer is the last
 */
export function usePolled<T>(
  key: string,
  load: (signal: AbortSignal) => Promise<T>,
  every: (value: T) => number | null,
): Polled<T> {
  const [answer, setAnswer] = useState<Answer<T>>({ key, value: null, problem: null });
  const [turn, setTurn] = useState(0);
  const latest = useRef({ load, every });
  latest.current = { load, every };
  const reload = useCallback(() => setTurn((n) => n + 1), []);

  // Before the first paint, which need not wait for the question, nor the question for it.
  useLayoutEffect(() => {
    const stop = new AbortController();
    const settle = (next: Partial<Answer<T>>) =>
      setAnswer((old) => ({ problem: null, value: old.key === key ? old.value : null, ...next, key }));
    void poll(latest, settle, stop.signal);
    return () => stop.abort();
  }, [key, turn]);

  const current = answer.key === key ? answer : { value: null, problem: null };
  return { value: current.value, problem: current.problem, reload };
}

async function poll<T>(
  latest: { current: { load: (signal: AbortSignal) => Promise<T>; every: (value: T) => number | null } },
  settle: (next: { value?: T; problem?: ProblemDocument }) => void,
  signal: AbortSignal,
): Promise<void> {
  for (;;) {
    await seen(signal);
    let pause: number | null = RETRY;
    try {
      const value = await latest.current.load(signal);
      if (signal.aborted) return;
      settle({ value });
      pause = latest.current.every(value);
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof Refused) {
        settle({ problem: error.problem });
        if (error.problem.status < 500 && error.problem.status !== 429) return;
      } else if (!(error instanceof ApiDown)) throw error;
    }
    if (pause === null) return;
    await sleep(pause, signal);
    if (signal.aborted) return;
  }
}
