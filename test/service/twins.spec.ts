import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { JobDocument } from '@orestes/contracts';
import { jobAt } from '../support/wait.js';
import { runningByHand, type TestWorker } from '../support/worker.js';
import { NOBODY, SPEC, startKeyedService, type KeyedService } from './keyed-service.js';

const [HASH, OTHER] = ['a'.repeat(64), 'b'.repeat(64)];
const TUNING = { kind: 'finetune', name: 'a', checkpoint: 'nowhere', task: { glue: 'cola', data: 'nowhere' } };
const TUNED = {
  ...{ kind: 'finetune', task: 'cola', seed: 1, weights: 'pretrained', epochs: [{ matthews: 0.5 }], droppedRows: 0 },
  metric: { name: 'matthews', last: 0.5, best: 0.5 },
};

let keyed: KeyedService;
beforeAll(async () => {
  keyed = await startKeyedService();
});
afterAll(() => keyed?.stop());

interface Submission {
  key?: string;
  spec?: object;
}

interface Own {
  id: string;
  worker: TestWorker;
}

/** A job at work that has told its hash, where there is one. */
async function running(hash: string | null, { key = keyed.mine, spec = SPEC }: Submission = {}): Promise<Own> {
  const { id } = (await keyed.as(key, '/jobs', { body: spec })).body as JobDocument;
  const worker = await runningByHand(keyed.database, keyed.service.url, id);
  const content = { recipeHash: hash, experiment: hash, base: hash, flops: null, corpus: null };
  if (hash !== null) expect((await worker.post('identity', content)).status).toBe(200);
  return { id, worker };
}

const succeed = ({ worker }: Own, reusedFrom: string | null, result: object = {}) =>
  worker.post('end', { outcome: 'succeeded', result, reusedFrom });

async function succeeded(...of: Parameters<typeof running>): Promise<string> {
  const job = await running(...of);
  expect((await succeed(job, null, TUNED)).status).toBe(200);
  return job.id;
}

/** What a job has become, and what is there of it. */
async function standing({ id }: Own): Promise<object> {
  const [{ models }] = await keyed.database.query<[{ models: number }]>(
    'SELECT count(*)::int AS models FROM model WHERE job_id = $1',
    [id],
  );
  const { state, output, reusedFrom, result, attempts } = await jobAt(keyed.open.url, id);
  return { state, output, reusedFrom, result, attempts: attempts.map((attempt) => attempt.state), models };
}

describe('a result that stands for a job', () => {
  const refused: Record<string, () => Promise<[Own, string]>> = {
    'is none of another project': async () => [await running(HASH), await succeeded(HASH, { key: keyed.others })],
    'is none of another recipe': async () => [await running(HASH), await succeeded(OTHER)],
    'is none of another kind': async () => [await running(HASH), await succeeded(HASH, { spec: TUNING })],
    'is none of a job at work': async () => [await running(HASH), (await running(HASH)).id],
    'is none of a job that has it from another': async () => {
      const twin = await succeeded(HASH);
      const taken = await running(HASH);
      expect((await succeed(taken, twin)).status).toBe(200);
      return [await running(HASH), taken.id];
    },
    'is none of no job': async () => [await running(HASH), NOBODY],
    'is none before the job has told what it is': async () => [await running(null), await succeeded(HASH)],
    'is none where the spec wants none': async () => [
      await running(HASH, { spec: { ...SPEC, reuse: false } }),
      await succeeded(HASH),
    ],
  };
  it.each(Object.keys(refused))('%s: the worker is refused, and nothing happens', async (name) => {
    const [job, from] = await refused[name]!();
    const before = await standing(job);
    expect(await succeed(job, from)).toMatchObject({ status: 422, body: { code: 'JOB_UNUSABLE' } });
    expect(await standing(job)).toEqual(before);
  });

  it('is an equal one of the project: its output is its own', async () => {
    const twin = await succeeded(HASH);
    const job = await running(HASH);
    await succeeded(HASH); // a newer one does not matter
    expect((await succeed(job, twin)).status).toBe(200);
    const { output } = await jobAt(keyed.open.url, twin);
    expect(await standing(job)).toMatchObject({ state: 'succeeded', reusedFrom: twin, output, models: 1 });
  });
});
