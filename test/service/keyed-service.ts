import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { JobDocument } from '@orestes/contracts';
import { createDataSource, type DataSource } from '@orestes/database';
import { startTestPostgres, type TestPostgres } from '@orestes/database/testing';
import { ask, startTestService, type RunningService } from '../support/service.js';
import { runningByHand, type TestWorker } from '../support/worker.js';

export const NOBODY = '00000000-0000-7000-8000-000000000000';
export const SPEC = { kind: 'pretrain', name: 'a', recipe: 'electra', size: 'tiny', corpus: 'nowhere' };

/** Two services on one database, which run nothing: one needs keys, one is as on a user's own machine. */
export interface KeyedService {
  postgres: TestPostgres;
  database: DataSource;
  service: RunningService;
  open: RunningService;
  /** Keys of the projects default and other. */
  mine: string;
  others: string;
  /** A job of the project default, and its worker. */
  job: string;
  worker: TestWorker;
  /** Asks the service that needs keys. */
  as(key: string | null, path: string, asking?: Parameters<typeof ask>[1]): ReturnType<typeof ask>;
  stop(): Promise<void>;
}

export async function startKeyedService(): Promise<KeyedService> {
  const postgres = await startTestPostgres();
  const address = await postgres.database();
  const environment = { DATABASE_URL: address, ORESTES_SLOTS: '0', ORESTES_LOG_LEVEL: 'trace' };
  const allowed = ['nowhere', 'allowed', 'd'].flatMap((root) => ['--allow', root]);
  const service = await startTestService({ options: ['--keys', ...allowed], environment });
  const open = await startTestService({ environment });
  const database = await createDataSource({ url: address, connections: 2 }).initialize();
  const mine = readFileSync(join(service.data, 'first-key'), 'utf8').trim();
  const made = await ask(`${open.url}/keys`, { body: { name: 'theirs', project: 'other' } });
  const as: KeyedService['as'] = (key, path, asking = {}) =>
    ask(service.url + path, {
      ...asking,
      headers: { ...asking.headers, ...(key !== null && { authorization: `Bearer ${key}` }) },
    });
  const job = ((await as(mine, '/jobs', { body: SPEC })).body as JobDocument).id;
  const worker = await runningByHand(database, service.url, job);
  return {
    ...{ postgres, database, service, open, mine, others: (made.body as { key: string }).key, job, worker, as },
    async stop() {
      await service.stop();
      await open.stop();
      await database.destroy();
      await postgres.stop();
    },
  };
}
