import { setTimeout as sleep } from 'node:timers/promises';
import type { JobDocument, JobList } from '@orestes/contracts';
import { ask } from './service.js';

const ENDED: readonly string[] = ['succeeded', 'failed', 'cancelled', 'diverged'];

/** What never comes is told, with what was there instead, before a test is over. */
const MOST_MS = 280_000;
/** Whole pipelines, disturbed all the time. */
const MOST_OF_A_JOB_MS = 840_000;

/**
 * Asks again until the answer fits; a service that is away is waited for.
 * @throws Error with the last answer when that takes too long
 */
export async function until<T>(
  get: () => Promise<T>,
  fits: (value: T) => boolean,
  everyMs = 200,
  mostMs = MOST_MS,
): Promise<T> {
  const limit = performance.now() + mostMs;
  let last: unknown;
  while (performance.now() < limit) {
    const value = await get().catch((error: unknown) => void (last = error));
    if (value !== undefined) {
      if (fits(value)) return value;
      last = value;
    }
    await sleep(everyMs);
  }
  const seen = last instanceof Error ? last.message : JSON.stringify(last);
  throw new Error(`not within ${mostMs / 1000} s: ${fits.toString()}; last: ${String(seen).slice(0, 2000)}`);
}

/** @throws Error with any other answer */
export async function jobAt(url: string, id: string): Promise<JobDocument> {
  const { status, body } = await ask(`${url}/jobs/${id}`);
  if (status !== 200) throw new Error(`GET /jobs/${id}: ${status} ${JSON.stringify(body)}`);
  return body as JobDocument;
}

/** The job as it ended. @param url asked anew each time: a restarted service may have another */
export const ended = (url: () => string, id: string): Promise<JobDocument> =>
  until(
    () => jobAt(url(), id),
    ({ state }) => ENDED.includes(state),
    200,
    MOST_OF_A_JOB_MS,
  );

export const childrenOf = async (url: string, id: string): Promise<JobDocument[]> => {
  const { items } = (await ask(`${url}/jobs?parent=${id}&limit=1000`)).body as JobList;
  return Promise.all(items.toReversed().map(({ id }) => jobAt(url, id)));
};

/** All items of a job's events, logs, metrics. */
export async function historyOf<T>(url: string, id: string, kind: 'events' | 'logs' | 'metrics'): Promise<T[]> {
  const all: T[] = [];
  for (let after: string | null = '0'; after !== null;) {
    const page = (await ask(`${url}/jobs/${id}/${kind}?limit=1000&after=${after}`)).body as {
      items: T[];
      next: string | null;
    };
    all.push(...page.items);
    after = page.next;
  }
  return all;
}
