import type { JobDocument, JobMetric } from '@orestes/contracts';
import { useEffect, useRef, useState } from 'preact/hooks';
import { ApiDown, Refused } from '../api/client.js';
import { takePages } from '../api/feed.js';
import { feedOf, getJob } from '../api/jobs.js';
import { addMetrics, NO_CURVES, type Curves } from '../curves/curves.js';
import { seen, sleep } from '../hooks/waiting.js';
import { hasEnded } from '../show/states.js';

export interface Compared {
  id: string;
  /** null until it is known, or when there is no such job. */
  job: JobDocument | null;
  curves: Curves;
  missing: boolean;
}

const EVERY = 3000;
const unknown = (id: string): Compared => ({ id, job: null, curves: NO_CURVES, missing: false });

/** Jobs with their curves. They are asked for by pages: a stream a job would use up a browser's six connections. */
export function useCompared(ids: string[]): Compared[] {
  const [all, setAll] = useState<ReadonlyMap<string, Compared>>(new Map());
  const watched = useRef(new Map<string, AbortController>());

  useEffect(() => {
    const change = (id: string, how: (old: Compared) => Partial<Compared>) =>
      setAll((old) => {
        const before = old.get(id) ?? unknown(id);
        return new Map(old).set(id, { ...before, ...how(before) });
      });
    for (const [id, stop] of watched.current)
      if (!ids.includes(id)) {
        stop.abort();
        watched.current.delete(id);
        change(id, () => unknown(id));
      }
    for (const id of ids)
      if (!watched.current.has(id)) {
        const stop = new AbortController();
        watched.current.set(id, stop);
        void watch(id, (how) => change(id, how), stop.signal);
      }
  }, [ids.join()]);
  useEffect(
    () => () => {
      for (const stop of watched.current.values()) stop.abort();
    },
    [],
  );

  return ids.map((id) => all.get(id) ?? unknown(id));
}

async function watch(
  id: string,
  change: (how: (old: Compared) => Partial<Compared>) => void,
  signal: AbortSignal,
): Promise<void> {
  let last = 0;
  const take = (metrics: JobMetric[]) => {
    if (!signal.aborted) change((old) => ({ curves: addMetrics(old.curves, metrics) }));
    last = metrics.at(-1)!.id;
  };
  while (!signal.aborted) {
    await seen(signal);
    try {
      const job = await getJob(id, signal);
      change(() => ({ job }));
      await takePages(feedOf(id, 'metrics'), last, take, signal);
      if (hasEnded(job.state)) return;
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof Refused && error.problem.status < 500) return change(() => ({ missing: true }));
      if (!(error instanceof Refused || error instanceof ApiDown)) throw error;
    }
    await sleep(EVERY, signal);
  }
}
