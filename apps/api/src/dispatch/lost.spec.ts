import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Attempt, createDataSource, migrate, newId, Project } from '@orestes/database';
import { startTestPostgres, type TestPostgres } from '@orestes/database/testing';
import { until } from '@orestes/dev-cluster/testing';
import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import type { DataSource } from 'typeorm';
import { AttemptsService } from '../attempts/attempts.service.js';
import { ClusterLauncher } from '../cluster/cluster-launcher.js';
import { serviceConfig } from '../config.js';
import { Changes } from '../http/changes.js';
import { Dispatcher } from './dispatcher.js';
import { HEARD } from './heard.js';
import { Hearing } from './hearing.js';
import { endLost } from './lost.js';

const HEARTBEAT_MS = 3000;
const HOUR_MS = 3_600_000;
const config = { ...serviceConfig({}, {}), heartbeatMs: HEARTBEAT_MS, backoffMs: 0 };
const log = pino({ level: 'silent' });
/** It sees no worker: their heartbeats alone tell. */
const launcher = new ClusterLauncher();

let postgres: TestPostgres;
let database: DataSource;
/** Its connection stays while the database is away. */
let admin: DataSource;
let name: string;
beforeAll(async () => {
  postgres = await startTestPostgres();
  admin = await createDataSource({ url: postgres.server.url, connections: 1 }).initialize();
}, 60_000);
afterAll(async () => {
  await admin?.destroy();
  await postgres?.stop();
});
beforeEach(async () => {
  const url = await postgres.database();
  name = new URL(url).pathname.slice(1);
  database = await createDataSource({ url }).initialize();
  await migrate(database);
});
afterEach(() => database.destroy());

interface Running {
  id: string;
  jobId: string;
  tokenHash: null;
}

/** An attempt whose worker was heard just now. */
async function running(): Promise<Running> {
  const [project, jobId, id] = [newId(), newId(), newId()];
  const [state, epoch] = ['running', 1] as const;
  await database.getRepository(Project).insert({ id: project, name: project });
  await database.query(
    `INSERT INTO job (id, project_id, kind, name, state, spec, epoch) VALUES ($1, $2, 'corpus', 'j', $3, '{}', $4)`,
    [jobId, project, state, epoch],
  );
  await database.getRepository(Attempt).insert({ id, jobId, epoch, state });
  await hear({ id });
  return { id, jobId, tokenHash: null };
}
const hear = ({ id }: { id: string }) => database.getRepository(Attempt).update(id, { heartbeatAt: HEARD });
const outcomeOf = async ({ id }: Running) => (await database.getRepository(Attempt).findOneByOrFail({ id })).outcome;
const isLost = async (attempt: Running) => (await outcomeOf(attempt)) === 'lost';

type Tells = ConstructorParameters<typeof Hearing>[1];
const newDispatcher = (identity: Tells = null) =>
  new Dispatcher(database, new Changes(), new Hearing(database, identity, config, log), launcher, [], config, log);

/** A dispatcher is at work while the test acts. */
async function dispatching(act: () => Promise<void>, identity: Tells = null): Promise<void> {
  const dispatcher = newDispatcher(identity);
  dispatcher.start();
  await act().finally(() => dispatcher.stop());
}

/** Ways to be away. @returns what ends it */
const AWAY: Record<string, () => Promise<() => unknown>> = {
  'refuses everybody': async () => {
    await admin.query(`ALTER DATABASE ${name} ALLOW_CONNECTIONS false`);
    await admin.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1', [name]);
    return () => admin.query(`ALTER DATABASE ${name} ALLOW_CONNECTIONS true`);
  },
  'says nothing': async () => {
    const served = await admin.query<{ pid: number }[]>('SELECT pid FROM pg_stat_activity WHERE datname = $1', [name]);
    const pids = [postgres.server.pid, ...served.map(({ pid }) => pid)];
    for (const pid of pids) process.kill(pid, 'SIGSTOP');
    return () => pids.forEach((pid) => process.kill(pid, 'SIGCONT'));
  },
};

describe('a silent worker', () => {
  it('is lost after its time, and not before', async () => {
    const attempt = await running();
    await dispatching(async () => {
      for (let i = 0; i < 5; i++) {
        await sleep(HEARTBEAT_MS / 3);
        await hear(attempt);
      }
      const began = performance.now();
      await until(() => isLost(attempt));
      expect(performance.now() - began).toBeGreaterThan(0.9 * HEARTBEAT_MS);
    });
  });

  it.each(Object.keys(AWAY))('is not lost where it could tell nothing, since the database %s', async (how) => {
    const attempt = await running();
    await dispatching(async () => {
      await sleep(HEARTBEAT_MS);
      await hear(attempt);
      const end = await AWAY[how]!();
      try {
        await sleep(2 * HEARTBEAT_MS);
      } finally {
        await end();
      }
      const answers = () =>
        outcomeOf(attempt).then(
          () => true,
          () => false,
        );
      await until(answers);
      expect(await outcomeOf(attempt)).toBeNull();
      await sleep(HEARTBEAT_MS / 3); // its worker tries again
      expect(await outcomeOf(attempt)).toBeNull();
      await until(() => isLost(attempt));
    });
  });

  it('is not lost while a service that has just started can not tell who calls', async () => {
    const attempt = await running();
    let away = true;
    const assertTells = () => (away ? Promise.reject(new Error('no answer')) : Promise.resolve());
    await sleep(HEARTBEAT_MS);
    await dispatching(
      async () => {
        await sleep(2 * HEARTBEAT_MS);
        expect(await outcomeOf(attempt)).toBeNull();
        away = false;
        await sleep(HEARTBEAT_MS / 2);
        expect(await outcomeOf(attempt)).toBeNull();
        await until(() => isLost(attempt));
      },
      { assertTells },
    );
  });

  it.each([
    ['ahead', HOUR_MS],
    ['behind', -HOUR_MS],
  ])('is so by the database, where the clock of a service is an hour %s', async (_, shift) => {
    const attempt = await running();
    const service = new AttemptsService(database, newDispatcher(), new Changes(), config, null);
    const look = () => endLost(database, launcher, { ...config, heardMs: () => HOUR_MS });
    await withClock(shift, () => service.report(attempt, { first: 0, items: [], progress: null }));
    expect(await look()).toEqual([]);
    await hear(attempt);
    expect(await withClock(shift, look)).toEqual([]);
    await withClock(shift, () => service.report(attempt, { first: 0, items: [], progress: null }));
    await sleep(1.1 * HEARTBEAT_MS);
    expect(await look()).toEqual([attempt.jobId]);
  });
});

/** Acts with this process's wall clock shifted; all else of time goes on. */
async function withClock<T>(shiftMs: number, act: () => Promise<T>): Promise<T> {
  const doNotFake = [
    ...(['hrtime', 'nextTick', 'performance', 'queueMicrotask', 'setImmediate', 'clearImmediate'] as const),
    ...(['setInterval', 'clearInterval', 'setTimeout', 'clearTimeout'] as const),
  ];
  jest.useFakeTimers({ now: Date.now() + shiftMs, doNotFake });
  try {
    return await act();
  } finally {
    jest.useRealTimers();
  }
}
