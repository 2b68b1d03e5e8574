import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { latestCheckpoint, readCheckpoint } from '@orestes/checkpoint';
import { MetricRecord, PretrainResult, type PretrainSpec, type ResolvedPretrain } from '@orestes/contracts';
import { EagerEngine, type Engine } from '@orestes/engine';
import { FileStore } from '@orestes/storage';
import { pretrain } from './pretrain.js';
import { MemoryCorpus } from './testing/memory-corpus.js';
import { tinySpec } from './testing/tiny.js';
import type { PretrainCorpus, RunReport } from './train-context.js';

let engine: Engine;
let folder: string;
beforeAll(async () => {
  engine = await EagerEngine.create('cpu');
  folder = await mkdtemp(join(tmpdir(), 'orestes-pretrain-'));
});
afterAll(() => rm(folder, { recursive: true }));

const spec = (recipe: PretrainSpec['recipe'] = 'roberta', overrides: Record<string, unknown> = {}) =>
  tinySpec(recipe, {
    schedule: { maxSteps: 6, warmupSteps: 2 },
    checkpoint: { everySteps: 4, keep: 2 },
    log: { everySteps: 1 },
    evaluation: { everySteps: 4, batches: 2 },
    ...overrides,
  });

interface Start {
  corpus?: PretrainCorpus;
  /** Aborts after this step's progress report. */
  stopAfter?: number;
}

/** Runs in the folder of the given name, and returns what it reported. */
async function run(name: string, resolved: ResolvedPretrain, { corpus = new MemoryCorpus(), stopAfter }: Start = {}) {
  const reports: RunReport[] = [];
  const abort = new AbortController();
  const report = (r: RunReport) => {
    reports.push(r);
    if (r.kind === 'progress' && r.step === stopAfter) abort.abort();
  };
  const store = new FileStore(join(folder, name));
  const result = await pretrain(resolved, { engine, corpus, store, report, signal: abort.signal });
  return { reports, result, store };
}

const records = async (name: string) =>
  (await readFile(join(folder, name, 'metrics.jsonl'), 'utf8'))
    .trimEnd()
    .split('\n')
    .map((line) => MetricRecord.parse(JSON.parse(line)));

/** What must be equal from run to run: everything but the clock's. */
const timeless = (all: MetricRecord[]) =>
  all.map(({ step, split, values: { tokens_per_second: _, data_wait: __, ...values } }) => ({ step, split, values }));

const tensors = async (name: string) => {
  const store = new FileStore(join(folder, name));
  return (await readCheckpoint(store, (await latestCheckpoint(store))!.key)).tensors;
};

describe('pretrain', () => {
  it('trains, logs, evaluates, checkpoints and leaves a result', async () => {
    const resolved = spec('decoupled-optim', { model: { generator: { admin: 'profiled' } } });
    const { result, reports } = await run('whole', resolved);
    expect(PretrainResult.parse(JSON.parse(await readFile(join(folder, 'whole', 'result.json'), 'utf8')))).toEqual(
      result,
    );
    expect(result).toMatchObject({ steps: 6, tokens: 6 * 4 * 8 });
    expect(Object.keys(result.last).sort()).toEqual(
      ['mlm_accuracy', 'mlm_loss', 'replaced_rate', 'rtd_accuracy', 'rtd_auroc', 'rtd_f1', 'rtd_loss'].sort(),
    );
    const logged = await records('whole');
    expect([result.first, result.last]).toEqual([logged[0]!.values, logged.at(-1)!.values]);
    expect(logged.map((r) => `${r.split} ${r.step}`)).toEqual([
      ...[
        'validation 0',
        'train 1',
        'train 2',
        'train 3',
        'train 4',
        'validation 4',
        'train 5',
        'train 6',
        'validation 6',
      ],
    ]);
    expect(logged[1]!.values).toMatchObject({ samples: 4, epoch: 0, 'learning_rate/generator': 5e-4 });
    expect(reports.filter((r) => r.kind === 'checkpoint').map((r) => r.step)).toEqual([4, 6]);
    expect(await readdir(join(folder, 'whole', 'checkpoints'))).toHaveLength(2);
    const omega = (await tensors('whole'))['generator/layer_0/ffn/omega']!;
    expect(omega.data[0]).not.toBe(1);
  });

  it('goes on after an interruption to the same bits', async () => {
    const resolved = spec();
    await run('unbroken', resolved);
    await expect(run('broken', resolved, { stopAfter: 3 })).rejects.toMatchObject({
      code: 'INTERRUPTED',
      message: expect.stringContaining('stopped after step 3 of 6'),
    });
    const { reports } = await run('broken', resolved);
    expect(reports).toContainEqual(expect.objectContaining({ kind: 'resumed', step: 3 }));
    expect(timeless(await records('broken'))).toEqual(timeless(await records('unbroken')));
    expect(await tensors('broken')).toEqual(await tensors('unbroken'));
  });

  it('forgets what it logged after the checkpoint it goes on from', async () => {
    const store = new FileStore(join(folder, 'crashed'));
    await expect(run('crashed', spec(), { corpus: new MemoryCorpus(undefined, 20) })).rejects.toThrow('step 6');
    expect((await records('crashed')).at(-1)).toMatchObject({ step: 6, values: { mlm_loss: null } });
    await run('crashed', spec());
    expect(timeless(await records('crashed'))).toEqual(timeless(await records('unbroken')));
    expect((await latestCheckpoint(store))!.step).toBe(6);
  });

  it('does nothing again when all is done', async () => {
    const { result: before } = await run('done', spec());
    const { result, reports } = await run('done', spec());
    expect(result).toEqual(before);
    expect(reports.filter((r) => r.kind === 'progress')).toEqual([]);
  });

  it('stops in the step that diverges, and never checkpoints it', async () => {
    const corpus = new MemoryCorpus(undefined, 16);
    const failed = run('diverged', spec('roberta', { checkpoint: { everySteps: 1 } }), { corpus });
    await expect(failed).rejects.toMatchObject({
      code: 'DIVERGED',
      message: expect.stringMatching(/^step 5: mlm_loss is NaN/),
    });
    const store = new FileStore(join(folder, 'diverged'));
    expect((await latestCheckpoint(store))!.step).toBe(4);
    await expect(failed).rejects.toThrow('step-000000004');
  });

  it.each<[string, ResolvedPretrain, PretrainCorpus | undefined]>([
    ['recipe', spec('roberta', { schedule: { maxSteps: 7 } }), undefined],
    ['corpus', spec(), new MemoryCorpus({ train: 65, validation: 8 })],
  ])('refuses the checkpoints of another %s', async (_, resolved, corpus) => {
    await expect(run('unbroken', resolved, { corpus: corpus ?? new MemoryCorpus() })).rejects.toMatchObject({
      code: 'CHECKPOINT_OTHER_RUN',
      exitCode: 2,
    });
  });

  it.each([
    [{ train: 3, validation: 8 }, '3 train sequences (at least 4 are needed, schedule.batchSize)'],
    [{ train: 64, validation: 0 }, '0 validation sequences (at least 1 are needed)'],
  ])('refuses a corpus of %j', async (sizes, message) => {
    await expect(run('small', spec(), { corpus: new MemoryCorpus(sizes) })).rejects.toThrow(message);
  });
});
