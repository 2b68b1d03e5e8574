import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sha256 } from '@orestes/contracts';
import { orestes } from '../support/orestes.js';
import { expectRefusal } from '../support/refusal.js';
import { sentences } from '../support/sentences.js';
import { corpusSpec, makeCorpus, pretrainSpec, run } from '../support/tiny.js';
import { expectRefused, type Row } from './rows.js';

jest.setTimeout(300_000);

/** A finished run of 4 steps with a checkpoint after 2 and after 4, beside its corpus. */
const pretrain = {
  ...pretrainSpec,
  corpus: 'corpus',
  schedule: { ...pretrainSpec.schedule, maxSteps: 4, warmupSteps: 1 },
  checkpoint: { everySteps: 2 },
};
const finetune = {
  kind: 'finetune',
  name: 'tiny',
  checkpoint: 'run',
  output: 'tuned',
  task: { glue: 'sst2', data: 'task' },
  schedule: { epochs: 1, maxLength: 32 },
};
const evaluate = {
  kind: 'evaluate',
  name: 'tiny',
  generator: 'run',
  discriminator: 'run',
  corpus: 'corpus',
  output: 'measured',
  batches: 1,
  batchSize: 8,
};

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'orestes-checkpoints-'));
  const fixture = join(root, 'fixture');
  await makeCorpus(fixture);
  const other = { ...corpusSpec, output: 'other-corpus', tokenizer: { train: { vocabularySize: 310 } } };
  await makeCorpus(fixture, other);
  await run({ folder: fixture, spec: pretrain });
});
afterAll(() => rm(root, { recursive: true }));

const place = (name: string) => join(root, name.replaceAll(/[^A-Za-z0-9]+/g, '-'));
const check = (row: Row) => expectRefused(row, join(root, 'fixture'), place(row.name));

const NEWEST = 'run/checkpoints/step-000000004';
const PART = `${NEWEST}/part-00000.safetensors`;

interface Manifest {
  step: number;
  encoders: Record<string, Record<string, unknown>>;
  parts: { file: string; bytes: number; sha256: string }[];
}

/** Changes what the newest manifest says. */
const says = (change: (manifest: Manifest) => void) => async (folder: string) => {
  const file = join(folder, NEWEST, 'manifest.json');
  const manifest = JSON.parse(await readFile(file, 'utf8')) as Manifest;
  change(manifest);
  await writeFile(file, JSON.stringify(manifest));
};

type Header = Record<string, { dtype: string; shape: number[]; data_offsets: [number, number] }>;

/** Changes the header of the newest part, and lets the manifest vouch for it. */
const lies = (change: (header: Header, content: Buffer) => Buffer | void) => async (folder: string) => {
  const content = await readFile(join(folder, PART));
  const length = Number(content.readBigUInt64LE());
  const header = JSON.parse(content.toString('utf8', 8, 8 + length)) as Header;
  const changed = change(header, content) ?? withHeader(header, content.subarray(8 + length));
  await writeFile(join(folder, PART), changed);
  await says(({ parts }) => {
    Object.assign(parts[0]!, { bytes: changed.length, sha256: sha256(changed) });
  })(folder);
};

function withHeader(header: Header, data: Uint8Array): Buffer {
  const json = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  return Buffer.concat([length, json, data]);
}

/** The tensor that the lies are about. */
const KERNEL = 'discriminator/layer_0/ffn/in/kernel';
const task = { 'task/train.tsv': sentences(20, 1), 'task/dev.tsv': sentences(10, 2) };

describe("another run's output", () => {
  const rows: Row[] = [
    ['another seed', { ...pretrain, seed: 2 }],
    [
      'a wider model',
      { ...pretrain, model: { ...pretrain.model, generator: { ...pretrain.model.generator, ffn: 96 } } },
    ],
    ['another recipe', { ...pretrain, recipe: 'electra' }],
    ['more steps', { ...pretrain, schedule: { ...pretrain.schedule, maxSteps: 8 } }],
    ['another corpus', { ...pretrain, corpus: 'other-corpus' }],
    ['a fine-tuning', { ...finetune, output: 'run' }],
  ].map(([name, spec]) => ({
    name: name as string,
    files: task,
    spec: spec as object,
    exit: 2,
    code: 'CHECKPOINT_OTHER_RUN',
    says: /spec\.output: .*step-000000004 is of a run with another .*; choose another output, or remove it/,
  }));
  it.each(rows)('is left as it is by $name', check);
});

describe('checkpoints that are damaged', () => {
  const corrupt = { exit: 1, code: 'CHECKPOINT_CORRUPT' } as const;
  const rows: Row[] = [
    {
      name: 'a flipped bit',
      damage: async (folder) => {
        const content = await readFile(join(folder, PART));
        content[content.length - 100]! ^= 4;
        await writeFile(join(folder, PART), content);
      },
      spec: pretrain,
      ...corrupt,
      says: /step-000000004\/part-00000\.safetensors: expected SHA-256 [0-9a-f]{64}, found [0-9a-f]{64}/,
    },
    {
      name: 'another tokenizer beside it',
      files: { [`${NEWEST}/tokenizer.json`]: '{}' },
      spec: { ...finetune, checkpoint: NEWEST },
      ...corrupt,
      says: /step-000000004\/tokenizer\.json: expected SHA-256/,
    },
    {
      name: 'no manifest',
      damage: (folder) => rm(join(folder, NEWEST, 'manifest.json')),
      spec: { ...finetune, checkpoint: NEWEST },
      ...{
        exit: 2,
        code: 'CHECKPOINT_MISSING',
        says: /step-000000004: there is no checkpoint \(needed: the output of/,
      },
    },
    {
      name: 'a folder that never was a run',
      spec: { ...finetune, checkpoint: 'corpus' },
      ...{ exit: 2, code: 'CHECKPOINT_MISSING', says: /corpus: there is no checkpoint/ },
    },
    {
      name: 'a wider encoder than the tensors are',
      damage: says(({ encoders }) => Object.assign(encoders['discriminator']!, { ffn: 96 })),
      spec: finetune,
      ...{
        exit: 1,
        code: 'CHECKPOINT_ARCHITECTURE',
        says: /run: discriminator\/layer_0\/ffn\/in\/kernel is float32 \[32, 64\] \(needed: float32 \[32, 96\]\)/,
      },
    },
    {
      name: 'a deeper encoder than there are tensors',
      damage: says(({ encoders }) => Object.assign(encoders['discriminator']!, { layers: 2 })),
      spec: finetune,
      ...{
        exit: 1,
        code: 'CHECKPOINT_ARCHITECTURE',
        says: /discriminator\/layer_1\/[^ ]+ is missing \(needed: float32/,
      },
    },
    {
      name: 'no encoder to fine-tune',
      damage: says(({ encoders }) => delete encoders['discriminator']),
      spec: finetune,
      ...{
        exit: 2,
        code: 'CHECKPOINT_UNFIT',
        says: 'run: holds the encoders generator (needed: discriminator or encoder)',
      },
    },
    {
      name: 'no generator to evaluate against',
      damage: says(({ encoders }) => delete encoders['generator']),
      spec: evaluate,
      ...{
        exit: 2,
        code: 'ENCODER_MISSING',
        says: 'spec.generator: run has no generator or encoder (it has discriminator)',
      },
    },
    {
      name: 'a corpus of another tokenizer',
      spec: { ...evaluate, corpus: 'other-corpus' },
      ...{ exit: 2, code: 'TOKENIZER_MISMATCH', says: /spec\.corpus: other-corpus has another tokenizer/ },
    },
    {
      name: 'a metrics log that is no JSON',
      files: { 'run/metrics.jsonl': '{"step":1}\nnonsense\n' },
      spec: pretrain,
      ...{
        exit: 1,
        code: 'METRICS_CORRUPT',
        says: /run\/metrics\.jsonl: line 1\.time: missing \(a number is needed\)/,
      },
    },
  ];
  it.each(rows)('$name: $code', check);

  it('are passed over, and told of, where older ones are whole or none is', async () => {
    const folder = place('passed over');
    const spec = JSON.stringify({ ...pretrain, output: folder });
    const start = () => orestes(['run', '-'], { cwd: join(root, 'fixture'), input: spec });
    const cut = (step: number) =>
      truncate(join(folder, `checkpoints/step-00000000${step}/part-00000.safetensors`), 1000);
    const told = (step: number) =>
      new RegExp(
        `^warning CHECKPOINT_CORRUPT: passed over: .*step-00000000${step}: part.* expected \\d+ bytes, found 1000$`,
        'm',
      );
    await start();
    await cut(4);
    const older = await start();
    expect(older).toMatchObject({ code: 0, stderr: expect.stringMatching(told(4)) });
    expect(older.stderr).toMatch(/^resumed at step 2 from /m);
    await cut(4);
    await cut(2);
    const anew = await start();
    expect(anew).toMatchObject({ code: 0, stderr: expect.stringMatching(told(4)) });
    expect(anew.stderr).toMatch(told(2));
    expect(anew.stderr).toMatch(/^checkpoint at step 2: /m);
    expect(anew.stderr).not.toMatch(/^resumed /m);
  });
});

describe('safetensors headers that lie', () => {
  it.each([
    ['its own length', lies((_, content) => (content.writeBigUInt64LE(2n ** 40n), content))],
    ['that it is JSON', lies((_, content) => (content.write('}{', 8), content))],
    ['a shape', lies((header) => void (header[KERNEL]!.shape = [32, 65]))],
    ['a size of elements', lies((header) => void (header[KERNEL]!.dtype = 'F64'))],
    ['a type', lies((header) => void (header[KERNEL]!.dtype = 'F31'))],
    ['an end beyond the file', lies((header) => void (header[KERNEL]!.data_offsets[1] = 1e12))],
    ['a place that is taken', lies((header) => void (header[KERNEL]!.data_offsets = [0, 32 * 64 * 4]))],
    ['a negative place', lies((header) => void (header[KERNEL]!.data_offsets = [-4, 32 * 64 * 4 - 4]))],
    ['a number of elements beyond all', lies((header) => void (header[KERNEL]!.shape = [2 ** 53, 2 ** 53]))],
  ])('about %s', async (name, damage) => {
    const folder = place(`lies about ${name}`);
    const row = { name, damage, files: task, spec: { ...finetune, checkpoint: 'run' } };
    await expectRefused(
      { ...row, exit: 1, code: 'CHECKPOINT_CORRUPT', says: /part-00000\.safetensors: / },
      join(root, 'fixture'),
      folder,
    );
    const inspected = await orestes(['checkpoint', 'inspect', 'run'], { cwd: folder });
    expectRefusal(inspected, { exit: 1, code: 'CHECKPOINT_CORRUPT', says: /part-00000\.safetensors: / });
  });
});
