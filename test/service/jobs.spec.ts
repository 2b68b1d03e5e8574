import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { JobDocument, JobEvent, JobList, JobMetric, Leaderboard, PlanDocument } from '@orestes/contracts';
import { ask, examplePipeline, startTestService, type RunningService } from '../support/service.js';
import { workersOf } from '../support/workers.js';
import { childrenOf, ended, historyOf, jobAt, until } from '../support/wait.js';

const SLOWEST_MS = 300_000;

let service: RunningService;
const url = (path = '') => `${service.url}${path}`;
const done = (id: string) => ended(() => service.url, id);

async function submit(spec: unknown): Promise<JobDocument> {
  const { status, body } = await ask(url('/jobs'), { body: spec });
  expect({ status, body }).toMatchObject({ status: 202 });
  return body as JobDocument;
}

const request = (id: string, what: string) => ask(url(`/jobs/${id}/${what}`), { method: 'POST' });

/** A pretraining on the pipeline's corpus. */
function pretrain(corpus: string, change: object = {}) {
  const { pretrain } = examplePipeline();
  return { ...pretrain, kind: 'pretrain', name: 'alone', corpus, ...change };
}
const schedule = (maxSteps: number) => ({ maxSteps, warmupSteps: 1, batchSize: 16, sequenceLength: 32 });

let pipeline: JobDocument;
let children: JobDocument[];
let corpus: string;

beforeAll(async () => {
  service = await startTestService({ environment: { ORESTES_SLOTS: '2', ORESTES_BACKOFF_SECONDS: '0.2' } });
  const { id } = await submit({
    ...examplePipeline({ seeds: [1, 2], weights: ['pretrained', 'random'] }),
    labels: { run: 'first' },
  });
  pipeline = await done(id);
  children = await childrenOf(service.url, id);
  corpus = `job:${children[0]!.id}`;
}, SLOWEST_MS);
afterAll(() => service.stop());

describe('a pipeline', () => {
  it('runs to the leaderboard', async () => {
    expect(pipeline).toMatchObject({ state: 'succeeded', why: 'It succeeded: all 6 jobs have ended: 6 succeeded.' });
    expect(children.map(({ state }) => state)).toEqual(Array(6).fill('succeeded'));
    const { rows, tasks } = (await ask(url('/leaderboard?suite=all'))).body as Leaderboard;
    expect(tasks).toEqual(['village']);
    expect(rows.map(({ weights }) => weights).sort()).toEqual(['pretrained', 'random']);
    const scores = children.slice(2, 4).map(({ result }) => (result as { metric: { last: number } }).metric.last);
    const row = rows.find(({ weights }) => weights === 'pretrained')!;
    expect(row.scores[0]).toMatchObject({ n: 2, best: Math.max(...scores), mean: (scores[0]! + scores[1]!) / 2 });
    expect(row).toMatchObject({
      recipeHash: children[1]!.recipeHash,
      tokens: 120 * 16 * 32,
      lineage: { pretrain: children[1]!.id, corpus: (children[0]!.result as { digest: string }).digest },
    });
    expect(row.flops).toBeGreaterThan(1e9);
    expect(row.deviceHours).toBeGreaterThan(0);
  });

  it('leaves a corpus, models and checkpoints behind', async () => {
    expect((await ask(url('/corpora'))).body).toMatchObject({
      items: [{ job: children[0]!.id, name: 'village-corpus' }],
    });
    const { items } = (await ask(url('/models'))).body as { items: { job: string }[] };
    expect(items.map(({ job }) => job).sort()).toEqual(
      children
        .slice(1)
        .map(({ id }) => id)
        .sort(),
    );
    expect((await ask(url(`/jobs/${children[1]!.id}/checkpoints`))).body).toMatchObject({
      items: [{ step: 120 }, { step: 100 }],
    });
  });

  it('has the metrics that its output has', async () => {
    const { id, output } = children[1]!;
    const lines = readFileSync(join(output!, 'metrics.jsonl'), 'utf8').trimEnd().split('\n');
    const metrics = await historyOf<JobMetric>(service.url, id, 'metrics');
    expect(metrics.map(({ step, split, values }) => ({ step, split, values }))).toEqual(
      lines.map((line) => JSON.parse(line) as JobMetric).map(({ step, split, values }) => ({ step, split, values })),
    );
  });

  it(
    'submitted again is computed only where it must be',
    async () => {
      const again = await done(
        (await submit(examplePipeline({ name: 'again', seeds: [1, 2, 3], weights: ['pretrained'] }))).id,
      );
      expect(again.state).toBe('succeeded');
      const [, second, ...tuned] = await childrenOf(service.url, again.id);
      expect(second).toMatchObject({
        reusedFrom: children[1]!.id,
        result: children[1]!.result,
        output: children[1]!.output,
      });
      expect(tuned.map(({ reusedFrom }) => reusedFrom)).toEqual([children[2]!.id, children[3]!.id, null]);
    },
    SLOWEST_MS,
  );

  it(
    'is computed anew where that is asked for',
    async () => {
      const { id } = await submit(pretrain(corpus, { ...examplePipeline().pretrain, reuse: false }));
      const job = await done(id);
      expect(job).toMatchObject({ state: 'succeeded', reusedFrom: null, recipeHash: children[1]!.recipeHash });
      const bits = ({ result }: JobDocument) => [result!['first'], result!['last']];
      expect(bits(job)).toEqual(bits(children[1]!));
    },
    SLOWEST_MS,
  );
});

describe('a sweep', () => {
  it(
    'loses nothing to a child that fails',
    async () => {
      const { name: _, ...base } = pretrain(corpus, { schedule: schedule(30) });
      const grid = { corpus: [corpus, '/no/such/corpus'] };
      const sweep = await done((await submit({ kind: 'sweep', name: 'grid', base, grid, seeds: [1, 2] })).id);
      expect(sweep).toMatchObject({ state: 'failed', reason: 'CHILDREN_FAILED' });
      const states = (await childrenOf(service.url, sweep.id)).map(({ state, reason }) => [state, reason]);
      expect(states).toEqual([
        ...Array<unknown>(2).fill(['succeeded', null]),
        ...Array<unknown>(2).fill(['failed', 'CORPUS_MISSING']),
      ]);
    },
    SLOWEST_MS,
  );

  it(
    'retried does again what failed, and keeps the rest',
    async () => {
      const { items } = (await ask(url('/jobs?kind=sweep'))).body as JobList;
      const { status, body } = await request(items[0]!.id, 'retry');
      expect(status).toBe(202);
      const retried = await done((body as JobDocument).id);
      expect(retried).toMatchObject({ state: 'failed', retryOf: items[0]!.id });
      const children = await childrenOf(service.url, retried.id);
      expect(children.map(({ state, attempts }) => [state, attempts.length])).toEqual([
        ...Array<unknown>(2).fill(['succeeded', 0]),
        ...Array<unknown>(2).fill(['failed', 1]),
      ]);
    },
    SLOWEST_MS,
  );
});

describe('a job', () => {
  it(
    'is suspended where it is, resumed, and ends with the same bits',
    async () => {
      const spec = pretrain(corpus, { name: 'paused', schedule: schedule(600), seed: 5, reuse: false });
      const straight = await done((await submit(spec)).id);
      const { id } = await submit(spec);
      await until(
        () => jobAt(service.url, id),
        ({ progress }) => (progress?.done ?? 0) > 50,
        50,
      );
      expect((await request(id, 'suspend')).body).toMatchObject({ state: 'suspending' });
      const suspended = await until(
        () => jobAt(service.url, id),
        ({ state }) => state === 'suspended',
        50,
      );
      expect(suspended.attempts).toMatchObject([{ outcome: 'interrupted' }]);
      expect((await request(id, 'suspend')).status).toBe(409);
      expect((await request(id, 'resume')).body).toMatchObject({ state: 'queued' });
      const resumed = await done(id);
      expect(resumed.failures).toBe(0);
      expect([resumed.result!['first'], resumed.result!['last']]).toEqual([
        straight.result!['first'],
        straight.result!['last'],
      ]);
      const events = await historyOf<JobEvent>(service.url, id, 'events');
      expect(events.flatMap(({ type, state }) => (type === 'state' ? [state] : []))).toEqual([
        ...['queued', 'admitted', 'starting', 'running', 'suspending', 'suspended'],
        ...['queued', 'admitted', 'starting', 'running', 'succeeded'],
      ]);
    },
    SLOWEST_MS,
  );

  it(
    'is cancelled, and its worker is gone',
    async () => {
      const { id } = await submit(pretrain(corpus, { name: 'cancelled', schedule: schedule(100_000) }));
      await until(
        () => jobAt(service.url, id),
        ({ state }) => state === 'running',
        50,
      );
      expect((await request(id, 'cancel')).body).toMatchObject({
        state: 'cancelled',
        why: 'It was cancelled: asked for.',
      });
      expect((await request(id, 'cancel')).body).toMatchObject({ code: 'STATE_CONFLICT', status: 409 });
      await until(
        () => Promise.resolve(workersOf(service.url)),
        (pids) => pids.length === 0,
        50,
      );
      const retried = (await request(id, 'retry')).body as JobDocument;
      expect(retried).toMatchObject({ retryOf: id, output: (await jobAt(service.url, id)).output });
      await until(
        () => jobAt(service.url, retried.id),
        ({ progress }) => (progress?.done ?? 0) > 0,
        50,
      );
      await request(retried.id, 'cancel');
    },
    SLOWEST_MS,
  );

  it('that needs a cancelled one is cancelled with it', async () => {
    const first = await submit(pretrain(corpus, { name: 'needed', schedule: schedule(100_000) }));
    const finetune = {
      ...examplePipeline().finetune.tasks[0],
      kind: 'finetune',
      name: 'needing',
      checkpoint: `job:${first.id}`,
    };
    const second = await submit(finetune);
    await request(first.id, 'cancel');
    // A worker may have been given it by then.
    expect(second.why).toMatch(/^It needs the output of needed, which is (queued|admitted|starting|running)\.$/);
    expect(await jobAt(service.url, second.id)).toMatchObject({ state: 'cancelled', dependsOn: [first.id] });
    const refused = await ask(url('/jobs'), { body: finetune });
    expect(refused).toMatchObject({ status: 422, body: { code: 'JOB_UNUSABLE' } });
  });

  it(
    'of higher priority starts first',
    async () => {
      const blockers = await Promise.all(
        [1, 2].map((n) => submit(pretrain(corpus, { name: `block-${n}`, schedule: schedule(100_000), seed: n }))),
      );
      const low = await submit(pretrain(corpus, { name: 'low', schedule: schedule(20), seed: 11 }));
      const high = await submit(pretrain(corpus, { name: 'high', schedule: schedule(20), seed: 12, priority: 5 }));
      await until(
        () => jobAt(service.url, low.id),
        ({ why }) => why.startsWith('It waits for a slot: 2 of 2 are held'),
      );
      expect((await jobAt(service.url, low.id)).why).toBe(
        'It waits for a slot: 2 of 2 are held, 1 job is ahead of it.',
      );
      for (const { id } of blockers) await request(id, 'cancel');
      for (const id of [low.id, high.id]) await done(id);
      const admission = async (id: string) =>
        (await historyOf<JobEvent>(service.url, id, 'events')).find(({ state }) => state === 'admitted')!.id;
      expect(await admission(high.id)).toBeLessThan(await admission(low.id));
    },
    SLOWEST_MS,
  );

  it(
    'that crashes more often than is allowed fails, with its last words',
    async () => {
      const { id } = await submit(
        pretrain(corpus, { name: 'crashing', schedule: schedule(100_000), retries: 1, seed: 13 }),
      );
      for (let crash = 1; crash <= 2; crash++) {
        await until(
          () => jobAt(service.url, id),
          ({ state, attempts }) => state === 'running' && attempts.length === crash,
          50,
        );
        for (const pid of workersOf(service.url)) process.kill(pid, 'SIGKILL');
        await until(
          () => jobAt(service.url, id),
          ({ failures }) => failures === crash,
          50,
        );
      }
      expect(await jobAt(service.url, id)).toMatchObject({
        state: 'failed',
        reason: 'WORKER_LOST',
        message: expect.stringContaining('crashed 2 times, 1 retries are allowed') as unknown,
      });
    },
    SLOWEST_MS,
  );

  it.each(['admitted', 'running'])(
    'that is %s when the service is stopped goes on with the next one, at no cost',
    async (at) => {
      const name = `stopped-${at}`;
      const { id } = await submit(pretrain(corpus, { name, schedule: schedule(100_000), seed: at.length }));
      await until(
        () => jobAt(service.url, id),
        ({ state }) => state === at,
        5,
      );
      expect(await service.interrupt()).toBe(0);
      expect(workersOf(service.url)).toEqual([]);
      await service.killAndRestart();
      const again = await until(
        () => jobAt(service.url, id),
        ({ state, attempts }) => state === 'running' && attempts.length === 2,
      );
      expect(again).toMatchObject({ failures: 0, attempts: [{ outcome: 'interrupted' }, { outcome: null }] });
      await request(id, 'cancel');
    },
    SLOWEST_MS,
  );
});

describe('a list', () => {
  const names = async (query: string) =>
    ((await ask(url(`/jobs?${query}`))).body as JobList).items.map(({ name }) => name);

  it.each([
    ['kind=corpus', ['again-corpus', 'village-corpus']],
    ['name=village', ['village']],
    ['label=run%3Dfirst&kind=pretrain', ['village-pretrain']],
    ['state=failed&kind=sweep', ['grid', 'grid']],
    ['kind=corpus,sweep&state=succeeded', ['again-corpus', 'village-corpus']],
    ['label=run%3Dno', []],
  ])('%s', async (query, expected) => {
    expect(await names(query)).toEqual(expected);
  });

  it('has pages that fit together', async () => {
    const all = await names('limit=1000');
    const paged: string[] = [];
    for (let cursor: string | null = ''; cursor !== null;) {
      const { items, next } = (await ask(url(`/jobs?limit=7${cursor && `&cursor=${cursor}`}`))).body as JobList;
      paged.push(...items.map(({ name }) => name));
      cursor = next;
    }
    expect(paged).toEqual(all);
    expect(await names('root=true&kind=finetune,pretrain')).not.toContain('village-pretrain');
  });
});

describe('a plan', () => {
  it('is told, and nothing is submitted', async () => {
    const before = ((await ask(url('/jobs?limit=1'))).body as JobList).items[0]!.id;
    const { status, body } = await ask(url('/jobs?dryRun=true'), {
      body: pretrain(corpus, examplePipeline().pretrain),
    });
    expect(status).toBe(200);
    expect(body as PlanDocument).toMatchObject({
      recipeHash: children[1]!.recipeHash,
      jobs: 1,
      steps: 120,
      tokens: 120 * 16 * 32,
    });
    expect((body as PlanDocument).seconds).toBeGreaterThan(0);
    expect(((await ask(url('/jobs?limit=1'))).body as JobList).items[0]!.id).toBe(before);
  });
});

describe('what the service writes down', () => {
  it('holds no token and no password', () => {
    const logs = join(service.data, 'logs');
    const written = readdirSync(logs).flatMap((name) => {
      const file = join(logs, name);
      return existsSync(file) ? [readFileSync(file, 'utf8')] : []; // that of a worker which has ended well goes with it
    });
    const texts = [service.output, ...written];
    const password = readFileSync(join(service.data, 'database', 'password'), 'utf8');
    for (const text of texts) {
      expect(text).not.toMatch(/or[ak]_[0-9a-f]{8}_/);
      expect(text).not.toContain(password);
    }
  });
});
