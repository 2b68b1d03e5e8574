import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FinetuneResult, JobDocument, JobEvent, JobList } from '@orestes/contracts';
import { createDataSource, type DataSource } from '@orestes/database';
import { startTestPostgres, type TestPostgres } from '@orestes/database/testing';
import { ask, startTestService, type RunningService } from '../support/service.js';
import { historyOf, jobAt, until } from '../support/wait.js';
import { runningByHand } from '../support/worker.js';
import { startCommitProxy, type CommitProxy } from './commit-proxy.js';

const TIMES = 100;
const SLOWEST_MS = 300_000;

const pretrain = (name: string) => ({
  kind: 'pretrain',
  name,
  recipe: 'decoupled-optim',
  size: 'tiny',
  corpus: 'nowhere',
});
const finetune = (name: string) => ({
  kind: 'finetune',
  name,
  checkpoint: 'nowhere',
  task: { glue: 'cola', data: 'nowhere' },
});

const HASH = 'a'.repeat(64);
const identity = { recipeHash: HASH, experiment: HASH, base: HASH, flops: null, corpus: null };
const result: FinetuneResult = {
  kind: 'finetune',
  task: 'cola',
  seed: 1,
  weights: 'pretrained',
  epochs: [{ matthews: 0.5 }],
  metric: { name: 'matthews', last: 0.5, best: 0.5 },
  droppedRows: 0,
};

let postgres: TestPostgres;
let proxy: CommitProxy;
let database: DataSource;
let service: RunningService;
const url = (path = '') => `${service.url}${path}`;
const count = async (table: string, where = 'true') =>
  (await database.query<[{ n: number }]>(`SELECT count(*)::int AS n FROM ${table} WHERE ${where}`))[0].n;

async function submit(spec: unknown, headers: Record<string, string> = {}): Promise<string> {
  return ((await ask(url('/jobs'), { body: spec, headers })).body as JobDocument).id;
}

beforeAll(async () => {
  postgres = await startTestPostgres();
  const address = await postgres.database();
  proxy = await startCommitProxy(address);
  service = await startTestService({
    environment: { DATABASE_URL: proxy.url, ORESTES_SLOTS: '0', ORESTES_RATE_LIMIT: '1000000' },
  });
  database = await createDataSource({ url: address, connections: 4 }).initialize();
}, SLOWEST_MS);

afterAll(async () => {
  await service?.stop();
  await database?.destroy();
  await proxy?.stop();
  await postgres?.stop();
});

const told = (what: string, injected: number, lost: number) =>
  process.stderr.write(`${what}: injected ${injected}, lost or doubled ${lost}\n`);

describe('one submission is one job', () => {
  it(
    'though 100 equal ones arrive at once',
    async () => {
      const headers = { 'idempotency-key': 'a-hundred' };
      const send = () => ask(url('/jobs'), { body: pretrain('hundred'), headers });
      const answers = await Promise.all(Array.from({ length: TIMES }, send));
      answers.push(await send());
      expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([202]));
      expect(new Set(answers.map(({ body }) => (body as JobDocument).id)).size).toBe(1);
      told('equal submissions', TIMES, (await count('job', `name = 'hundred'`)) - 1);
      expect(await count('job', `name = 'hundred'`)).toBe(1);
      const changed = await ask(url('/jobs'), { body: pretrain('changed'), headers });
      expect(changed).toMatchObject({ status: 422, body: { code: 'IDEMPOTENCY_MISMATCH' } });
    },
    SLOWEST_MS,
  );

  it('though another project uses the same key', async () => {
    const key = ((await ask(url('/keys'), { body: { name: 'other', project: 'other' } })).body as { key: string }).key;
    const headers = { 'idempotency-key': 'a-hundred', authorization: `Bearer ${key}` };
    expect((await ask(url('/jobs'), { body: pretrain('others'), headers })).status).toBe(202);
  });

  it(
    'though the connection to the database is cut after COMMIT',
    async () => {
      const CUTS = 20;
      const statuses: number[] = [];
      const needed = await submit(pretrain('needed'));
      for (let i = 0; i < CUTS; i++) {
        // A job alone is one statement; one that needs another's output is a transaction.
        const alone = i % 2 === 0;
        const spec = alone ? pretrain(`cut-${i}`) : { ...finetune(`cut-${i}`), checkpoint: `job:${needed}` };
        const headers = { 'idempotency-key': randomUUID() };
        const send = () => ask(url('/jobs'), { body: spec, headers });
        const before = proxy.cut;
        proxy.arm(alone ? 'WITH submitted AS' : 'COMMIT');
        // The dispatcher commits as well: whose commit was cut is seen by the answer.
        const first = await send();
        await until(
          () => Promise.resolve(proxy.cut),
          (cut) => cut > before,
          20,
        );
        statuses.push(first.status);
        const second = await until(send, ({ status }) => status === 202, 50);
        if (first.status === 202) expect((first.body as JobDocument).id).toBe((second.body as JobDocument).id);
        expect(await count('job', `name = 'cut-${i}'`)).toBe(1);
      }
      // The others hit commits of the dispatcher.
      const hits = statuses.filter((status) => status === 503).length;
      told('cut after COMMIT of a submission', hits, (await count('job', `name LIKE 'cut-%'`)) - CUTS);
      expect(statuses.every((status) => [202, 503].includes(status))).toBe(true);
      expect(statuses).toContain(503);
      expect(service.process.exitCode).toBeNull();
    },
    SLOWEST_MS,
  );
});

describe('a job ends once', () => {
  it(
    'though it is cancelled while it completes, 100 times',
    async () => {
      const ends: string[] = [];
      for (let i = 0; i < TIMES; i++) {
        const id = await submit(finetune(`race-${i}`));
        const worker = await runningByHand(database, url(), id);
        await worker.post('identity', identity);
        const end = worker.post('end', { outcome: 'succeeded', result, reusedFrom: null });
        await sleep(i % 4); // neither is always the first
        const cancel = ask(url(`/jobs/${id}/cancel`), { method: 'POST' });
        const statuses = [(await end).status, (await cancel).status];
        const { state } = await jobAt(url(), id);
        expect(statuses).toEqual(state === 'succeeded' ? [200, 409] : [409, 200]);
        const events = await historyOf<JobEvent>(url(), id, 'events');
        expect(
          events.filter((e) => ['succeeded', 'cancelled', 'failed'].includes(e.state ?? '')).map((e) => e.state),
        ).toEqual([state]);
        expect(await count('result', `job_id = '${id}'`)).toBe(state === 'succeeded' ? 1 : 0);
        ends.push(state);
      }
      const won = (state: string) => ends.filter((s) => s === state).length;
      process.stderr.write(`cancel racing completion: ${won('succeeded')} succeeded, ${won('cancelled')} cancelled\n`);
      expect(Math.min(won('succeeded'), won('cancelled'))).toBeGreaterThan(0);
      told('cancel racing completion', TIMES, TIMES - won('succeeded') - won('cancelled'));
    },
    SLOWEST_MS,
  );

  it('though its result is written twice, at once and after', async () => {
    const id = await submit(finetune('twice'));
    const worker = await runningByHand(database, url(), id);
    await worker.post('identity', identity);
    const end = () => worker.post('end', { outcome: 'succeeded', result, reusedFrom: null });
    const statuses = (await Promise.all([end(), end()])).map(({ status }) => status);
    statuses.push((await end()).status);
    expect(statuses).toEqual([200, 200, 200]);
    told('result written again', 2, (await count('result', `job_id = '${id}'`)) - 1);
    expect(await count('result', `job_id = '${id}'`)).toBe(1);
    expect(await count('model', `job_id = '${id}'`)).toBe(1);
    const other = await worker.post('end', { outcome: 'failed', code: 'X', message: 'x' });
    expect(other).toMatchObject({ status: 409, body: { code: 'ATTEMPT_SUPERSEDED' } });
  });

  it('though reports come twice, and from an older attempt', async () => {
    const id = await submit(pretrain('reports'));
    const old = await runningByHand(database, url(), id);
    const items = [1, 2, 3].map((step) => ({
      kind: 'metric',
      step,
      time: 0,
      split: 'train',
      values: { mlm_loss: step },
    }));
    const logs = [{ kind: 'log', time: 0, text: 'once' }];
    for (let i = 0; i < 2; i++) await old.post('reports', { first: 0, items: [...items, ...logs], progress: null });
    await old.post('reports', { first: 2, items: [items[2], ...logs, ...logs], progress: null });
    expect(await count('metric', `job_id = '${id}'`)).toBe(3);
    expect(await count('log_line', `job_id = '${id}'`)).toBe(2);
    await database.query(`UPDATE attempt SET state = 'ended', outcome = 'lost' WHERE id = $1`, [old.attempt]);
    await database.query(`UPDATE job SET state = 'queued' WHERE id = $1`, [id]);
    const newer = await runningByHand(database, url(), id);
    const refused = await old.post('reports', { first: 5, items: logs, progress: null });
    expect(refused).toMatchObject({ status: 409, body: { code: 'ATTEMPT_SUPERSEDED' } });
    expect(await newer.post('reports', { first: 0, items: logs, progress: null })).toMatchObject({
      status: 200,
      body: { command: 'continue' },
    });
    expect(await count('log_line', `job_id = '${id}'`)).toBe(3);
  });
});

describe('many submissions', () => {
  it(
    '10,000 of them: none is lost, none is refused',
    async () => {
      const MANY = 10_000;
      const wrong: number[] = [];
      let next = 0;
      const sender = async () => {
        while (next < MANY) {
          const { status } = await ask(url('/jobs'), { body: pretrain(`many-${next++}`) });
          if (status !== 202) wrong.push(status);
        }
      };
      await Promise.all(Array.from({ length: 16 }, sender));
      told('submissions', MANY, MANY - (await count('job', `name LIKE 'many-%'`)));
      expect(wrong).toEqual([]);
      expect(await count('job', `name LIKE 'many-%'`)).toBe(MANY);
      const list = (await ask(url('/jobs?limit=1000&state=queued'))).body as JobList;
      expect(list.items).toHaveLength(1000);
    },
    SLOWEST_MS,
  );
});
