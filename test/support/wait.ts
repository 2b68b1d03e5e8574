import { setTimeout as sleep } from 'node:timers/promises';
import type { JobDocument, JobList } from '@orestes/contracts';
import { ask } from './service.js';

const ENDED: readonly string[] = ['succeeded', 'failed', 'cancelled', 'diverged'];

/** Asks again until the answer fits; a service that is away is waited for. */
export async function until<T>(get: () => Promise<T>, fits: (value: T) => boolean, everyMs = 200): Promise<T> {
  for (;;) {
    const value = await get().catch(() => undefined);
    if (value !== undefined && fits(value)) return value;
    await sleep(everyMs);
  }
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
