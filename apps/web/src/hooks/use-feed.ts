import type { ProblemDocument } from '@orestes/contracts';
import { useEffect, useState } from 'preact/hooks';
import { Refused } from '../api/client.js';
import { follow, type FeedItem } from '../api/feed.js';

/** How items are put together. */
export interface Gathering<T, S> {
  start: S;
  add: (sum: S, items: T[]) => S;
}

/** Milliseconds between renderings of what comes: a stream may bring hundreds of items a second. */
const FLUSH = 200;

/** A feed of a job, live to its end. */
export function useFeed<T extends FeedItem, S>(
  path: string,
  { start, add }: Gathering<T, S>,
): { sum: S; problem: ProblemDocument | null } {
  const [sum, setSum] = useState(start);
  const [problem, setProblem] = useState<ProblemDocument | null>(null);

  useEffect(() => {
    const stop = new AbortController();
    let waiting: T[] = [];
    let timer: ReturnType<typeof setTimeout> | null = null;
    const flush = () => {
      timer = null;
      const items = waiting;
      waiting = [];
      setSum((old) => add(old, items));
    };
    setSum(start);
    setProblem(null);
    const take = (items: T[]) => {
      waiting.push(...items);
      timer ??= setTimeout(flush, FLUSH);
    };
    follow<T>(path, take, stop.signal).catch((error: unknown) => {
      if (stop.signal.aborted) return;
      if (error instanceof Refused) setProblem(error.problem);
      else throw error;
    });
    return () => {
      stop.abort();
      if (timer !== null) clearTimeout(timer);
    };
  }, [path]);

  return { sum, problem };
}
