import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readCheckpoint, resolveCheckpoint } from '@orestes/checkpoint';
import { FinetuneResult, type FinetuneSpec } from '@orestes/contracts';
import { EagerEngine } from '@orestes/engine';
import { openStore } from '@orestes/storage';
import { finetune } from './finetune.js';
import {
  removeFolders,
  saveBase,
  taskFiles,
  temporaryFolder,
  tinyEncoder,
  tinyFinetune,
  tinyRows,
  tinyTokenizer,
  VOCABULARY,
} from './tasks/testing/tiny-base.js';
import type { RunReport } from './train-context.js';

let engine: EagerEngine;
let base: string;
const files = taskFiles({ 'train.tsv': `${tinyRows(18, 1)}ragged\n`, 'dev.tsv': tinyRows(10, 500) });
afterAll(removeFolders);
beforeAll(async () => {
  engine = await EagerEngine.create('cpu');
  base = await saveBase({ discriminator: tinyEncoder, generator: { ...tinyEncoder, hidden: 4, embedding: 4 } });
});

/** Runs to the end, or until `until` says so of a report. */
async function run(spec: FinetuneSpec, output: string, until?: (report: RunReport) => boolean) {
  const stop = new AbortController();
  const reports: RunReport[] = [];
  const report = (r: RunReport) => {
    reports.push(r);
    if (until?.(r)) stop.abort();
  };
  const result = await finetune(spec, { engine, store: openStore(output), report, signal: stop.signal });
  return { result, reports };
}

const text = (output: string, file: string) => readFileSync(join(output, file), 'utf8');

async function keysOf(output: string): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of openStore(output).list('')) keys.push(key);
  return keys;
}

async function checkpointOf(output: string) {
  const { store, key } = await resolveCheckpoint(output);
  return readCheckpoint(store, key);
}

describe('finetune', () => {
  it('trains, measures every epoch, and leaves a result, predictions and a checkpoint', async () => {
    const output = temporaryFolder();
    const { result, reports } = await run(tinyFinetune(base, files), output);
    expect(result).toEqual(FinetuneResult.parse(JSON.parse(text(output, 'result.json'))));
    expect(result).toMatchObject({ task: 'goodness', weights: 'pretrained', seed: 1, droppedRows: 1 });
    expect(result.epochs.map((e) => Object.keys(e))).toEqual(
      Array(2).fill(['accuracy', 'matthews', 'loss', 'train_loss']),
    );
    expect(result.metric).toEqual({
      name: 'accuracy',
      last: result.epochs[1]!['accuracy'],
      best: Math.max(...result.epochs.map((e) => e['accuracy']!)),
    });
    expect(reports).toContainEqual({
      kind: 'warning',
      code: 'ROWS_DROPPED',
      message: `${join(files, 'train.tsv')}: 1 row dropped: line 20 (1 fields, 2 expected)`,
    });
    expect(text(output, 'dropped.tsv')).toBe(
      `file\tline\treason\n${join(files, 'train.tsv')}\t20\t1 fields, 2 expected\n`,
    );
    const predictions = text(output, 'predictions.tsv').trimEnd().split('\n');
    expect(predictions).toHaveLength(11);
    const right = predictions.slice(1).filter((line) => line.split('\t')[2] === line.split('\t')[3]).length;
    expect(right / 10).toBe(result.metric.last);
    expect(JSON.parse(text(output, 'task.json'))).toMatchObject({ name: 'goodness', labels: ['no', 'yes'] });
    const { manifest, tensors } = await checkpointOf(output);
    expect(manifest).toMatchObject({ step: 6, samples: 36, vocabularySize: VOCABULARY });
    expect(Object.keys(manifest.encoders)).toEqual(['discriminator']);
    expect(tensors['discriminator/classifier/out/kernel']!.shape).toEqual([8, 2]);
  });

  it('interrupted and run again equals a whole run bit by bit', async () => {
    const [whole, halved] = [temporaryFolder(), temporaryFolder()];
    const spec = tinyFinetune(base, files);
    await run(spec, whole);
    const stopped = run(spec, halved, (r) => r.kind === 'evaluation');
    await expect(stopped).rejects.toMatchObject({ code: 'INTERRUPTED' });
    expect(await keysOf(halved)).not.toContain('result.json');
    const { reports } = await run(spec, halved);
    expect(reports.map((r) => r.kind)).toContain('resumed');
    for (const file of ['result.json', 'predictions.tsv']) expect(text(halved, file)).toBe(text(whole, file));
    const [a, b] = [await checkpointOf(whole), await checkpointOf(halved)];
    expect(b.manifest.parts).toEqual(a.manifest.parts);
    // And once more, when all is done.
    await run(spec, halved);
    expect(text(halved, 'result.json')).toBe(text(whole, 'result.json'));
  });

  it('starts from the weights that it is told, and from the seed', async () => {
    const losses = new Map<string, number>();
    for (const [name, changes] of Object.entries({
      pretrained: {},
      random: { weights: 'random' },
      seed: { seed: 2 },
    })) {
      const schedule = { epochs: 1, batchSize: 32, maxLength: 16 };
      const { result } = await run(tinyFinetune(base, files, { ...changes, schedule }), temporaryFolder());
      losses.set(name, result.epochs[0]!['train_loss']!);
    }
    expect(new Set(losses.values()).size).toBe(3);
  });

  it('takes the shared word table for its own', async () => {
    const shared = await saveBase(
      { discriminator: tinyEncoder },
      {
        change: (tensors) => {
          tensors['shared/embeddings/word'] = tensors['discriminator/embeddings/word']!;
          delete tensors['discriminator/embeddings/word'];
        },
      },
    );
    const spec = (checkpoint: string) => tinyFinetune(checkpoint, files, { schedule: { epochs: 1, maxLength: 16 } });
    const [own, other] = [await run(spec(base), temporaryFolder()), await run(spec(shared), temporaryFolder())];
    expect(other.result.epochs).toEqual(own.result.epochs);
  });

  it('profiles Admin when weights are random', async () => {
    const admin = await saveBase({ encoder: { ...tinyEncoder, admin: 'profiled' } });
    const output = temporaryFolder();
    const changes = {
      weights: 'random',
      schedule: { epochs: 1, maxLength: 16 },
      optimizer: { peakLearningRate: 1e-9 },
    };
    await run(tinyFinetune(admin, files, changes), output);
    const { tensors } = await checkpointOf(output);
    expect(tensors['encoder/layer_0/ffn/omega']!.data[0]).toBeGreaterThan(1);
  });

  it('fine-tunes GLUE from the folder of all tasks, and pairs and scores of JSONL', async () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, 'CoLA'));
    const rows = 'x\t1\t\tthe good\nx\t0\t*\tgood the\nx\t-1\t\tbad\n';
    for (const file of ['train.tsv', 'dev.tsv']) writeFileSync(join(folder, 'CoLA', file), rows);
    const schedule = { epochs: 1, batchSize: 2, maxLength: 8 };
    const cola = await run(
      tinyFinetune(base, files, { task: { glue: 'cola', data: folder }, schedule }),
      temporaryFolder(),
    );
    expect(cola.result).toMatchObject({ task: 'cola', metric: { name: 'matthews' }, droppedRows: 2 });

    const pairs = ['{"a":"the","b":"good","s":3.5}', '{"a":"so","b":"bad","s":-1}', '{"a":"so","b":"red","s":9}'].join(
      '\n',
    );
    const data = taskFiles({ 'rows.jsonl': pairs });
    const file = join(data, 'rows.jsonl');
    const task = {
      name: 'p',
      format: 'jsonl',
      train: file,
      validation: file,
      type: 'regression',
      text: ['a', 'b'],
      label: 's',
    };
    const output = temporaryFolder();
    const { result } = await run(tinyFinetune(base, files, { task, schedule }), output);
    expect(Object.keys(result.epochs[0]!)).toEqual(['spearman', 'pearson', 'loss', 'train_loss']);
    expect(text(output, 'predictions.tsv')).toMatch(/^set\tline\tactual\tpredicted\ndev\t1\t3\.5\t-?\d/);
  });
});

describe('finetune refuses, and writes nothing', () => {
  it.each<[string, string, number, () => Promise<{ checkpoint?: string; changes?: Record<string, unknown> }>, RegExp]>([
    [
      'a missing checkpoint',
      'CHECKPOINT_MISSING',
      2,
      () => Promise.resolve({ checkpoint: temporaryFolder() }),
      /there is no checkpoint/,
    ],
    [
      'a generator alone',
      'CHECKPOINT_UNFIT',
      2,
      async () => ({ checkpoint: await saveBase({ generator: tinyEncoder }) }),
      /holds the encoders generator \(needed: discriminator or encoder\)/,
    ],
    [
      'a checkpoint whose tensors are not its architecture',
      'CHECKPOINT_ARCHITECTURE',
      1,
      async () => ({
        checkpoint: await saveBase(
          { encoder: tinyEncoder },
          { change: (t) => delete t['encoder/layer_0/ffn/in/bias'] },
        ),
      }),
      /encoder\/layer_0\/ffn\/in\/bias is missing \(needed: float32 \[16\]\)/,
    ],
    [
      'weights that are not finite',
      'DIVERGED',
      1,
      async () => ({
        checkpoint: await saveBase(
          { encoder: tinyEncoder },
          { change: (t) => t['encoder/embeddings/word']!.data.fill(NaN) },
        ),
      }),
      /step 1: loss NaN/,
    ],
    [
      'a tokenizer larger than the table',
      'CHECKPOINT_UNFIT',
      2,
      async () => ({
        checkpoint: await saveBase(
          { encoder: tinyEncoder },
          { tokenizerJson: tinyTokenizer(['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]', '[MORE]']) },
        ),
      }),
      /its tokenizer has 14 tokens, its encoder's table 13/,
    ],
    [
      'a tokenizer without [CLS]',
      'TOKENIZER_INVALID',
      2,
      async () => ({
        checkpoint: await saveBase(
          { encoder: tinyEncoder },
          { tokenizerJson: tinyTokenizer(['[PAD]', '[UNK]', '[SEP]', '[MASK]']) },
        ),
      }),
      /tokenizer\.json: has no \[CLS\] or <s>/,
    ],
    [
      'a missing file',
      'TASK_FILE_MISSING',
      2,
      () => Promise.resolve({ changes: { task: { glue: 'rte', data: '/none' } } }),
      /\/none\/train.tsv: there is no such file/,
    ],
    [
      'texts longer than the positions',
      'INVALID_SPEC',
      2,
      async () => ({ checkpoint: await saveBase({ encoder: { ...tinyEncoder, absolutePositions: 12 } }) }),
      /spec.schedule.maxLength: 16 is too large \(at most 12/,
    ],
  ])('%s', async (_, code, exitCode, given, message) => {
    const output = temporaryFolder();
    const { checkpoint = base, changes } = await given();
    const expected = { code, exitCode, message: expect.stringMatching(message) };
    await expect(run(tinyFinetune(checkpoint, files, changes), output)).rejects.toMatchObject(expected);
    expect(await keysOf(output)).toEqual([]);
  });

  it('the output of another run, which stays as it is', async () => {
    const output = temporaryFolder();
    const schedule = { epochs: 1, batchSize: 32, maxLength: 16 };
    await run(tinyFinetune(base, files, { schedule }), output);
    const before = await keysOf(output);
    await expect(run(tinyFinetune(base, files, { schedule, seed: 9 }), output)).rejects.toMatchObject({
      code: 'CHECKPOINT_OTHER_RUN',
      exitCode: 2,
      message: expect.stringMatching(/^spec\.output: .* is of a run with another spec/),
    });
    expect(await keysOf(output)).toEqual(before);
    expect(JSON.parse(text(output, 'result.json'))).toMatchObject({ seed: 1 });
  });
});
