import type { JobEvent, JobMetric, LogLine } from '@orestes/contracts';
import { measures } from '@orestes/worker/reports';
import { print, printJson } from '../output.js';
import { ServiceClient, type ServerOptions } from '../service/client.js';
import { findJob } from '../service/find.js';
import { follow } from '../service/stream.js';

export interface HistoryOptions extends ServerOptions {
  json: boolean;
  /** Goes on until the job has ended. */
  follow: boolean;
}

interface Page<T> {
  items: T[];
  next: string | null;
}

type Show<T> = (item: T) => string;

/** A command that shows one kind of what a job told. */
const shower =
  <T extends { id: number }>(kind: string, show: Show<T>) =>
  async (named: string, { server, json, follow: on }: HistoryOptions): Promise<void> => {
    const client = new ServiceClient(server);
    const path = `/jobs/${await findJob(client, named)}/${kind}`;
    for await (const item of on ? follow<T>(client, path) : pages<T>(client, path)) {
      if (json) printJson(item);
      else print(show(item));
    }
  };

/** All items that there are. */
export async function* pages<T>(client: ServiceClient, path: string): AsyncGenerator<T> {
  for (let after: string | null = '0'; after !== null;) {
    const { items, next }: Page<T> = await client.ask<Page<T>>(path, { query: { after, limit: '1000' } });
    yield* items;
    after = next;
  }
}

const clock = (time: string) => time.slice(0, 19).replace('T', ' ');

export const logs = shower<LogLine>('logs', ({ time, text }) => `${clock(time)}  ${text}`);
export const events = shower<JobEvent>(
  'events',
  ({ time, type, state, message }) => `${clock(time)}  ${(state ?? type).padEnd(10)}  ${message}`,
);
export const metrics = shower<JobMetric>(
  'metrics',
  ({ step, split, values }) => `step ${step}  ${split}  ${measures(values)}`,
);
