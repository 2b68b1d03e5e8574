import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Ended } from '../support/orestes.js';
import { sentences } from '../support/sentences.js';
import { attempt, files, makeCorpus, metrics, run, type Run } from '../support/tiny.js';

jest.setTimeout(300_000);

const EPOCHS = 4;
const SPEC = {
  kind: 'finetune',
  name: 'tiny',
  checkpoint: '../base/run',
  output: 'run',
  task: { glue: 'sst2', data: '../task' },
  optimizer: { peakLearningRate: 1e-3 },
  schedule: { epochs: EPOCHS, batchSize: 8, maxLength: 32 },
  dropout: 0.1,
};

let folder: string;
const of = (name: string, settings = {}): Run => ({ folder: join(folder, name), spec: SPEC, settings });

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'orestes-finetune-'));
  await makeCorpus(folder);
  await run({ folder: join(folder, 'base') });
  await mkdir(join(folder, 'task'));
  await writeFile(join(folder, 'task', 'train.tsv'), sentences(400, 1));
  await writeFile(join(folder, 'task', 'dev.tsv'), sentences(60, 2));
  await run(of('unbroken'));
});
afterAll(() => rm(folder, { recursive: true }));

/** Scores, predictions, parameters, moments: every byte; of the log all but the clock's figures. */
async function expectEqualRuns(name: string): Promise<void> {
  const bytes = async (of: string) => {
    const { 'metrics.jsonl': log, ...rest } = await files(join(folder, of, 'run'));
    expect(log!.length).toBeGreaterThan(0);
    return rest;
  };
  const [found, expected] = [await bytes(name), await bytes('unbroken')];
  expect(Object.keys(found)).toEqual(Object.keys(expected));
  expect(Object.keys(expected).filter((file) => !found[file]!.equals(expected[file]!))).toEqual([]);
  expect(await metrics(join(folder, name))).toEqual(await metrics(join(folder, 'unbroken')));
}

/** Runs until a step is reported, then sends the signal. */
function stopped(name: string, signal: NodeJS.Signals, step: number): Promise<Ended> {
  let sent = false;
  return attempt(of(name), {
    onReport(report, child) {
      if (sent || report.kind !== 'progress' || report.step < step) return;
      sent = true;
      child.kill(signal);
    },
  });
}

describe('fine-tuning', () => {
  it('leaves scores, predictions and a checkpoint', async () => {
    const left = Object.keys(await files(join(folder, 'unbroken', 'run')));
    expect(left.filter((file) => !file.startsWith('checkpoints/'))).toEqual([
      'metrics.jsonl',
      'predictions.tsv',
      'result.json',
      'task.json',
    ]);
    expect(left.filter((file) => file.endsWith('.safetensors'))).toEqual([
      'checkpoints/step-000000200/part-00000.safetensors',
    ]);
  });

  it('gives the same bytes again', async () => {
    await run(of('again'));
    await expectEqualRuns('again');
  });

  it('gives other scores for another seed', async () => {
    await run(of('other', { seed: 2 }));
    expect(await metrics(join(folder, 'other'))).not.toEqual(await metrics(join(folder, 'unbroken')));
  });

  it.each([
    ['SIGKILL', null],
    ['SIGINT', 130],
  ] as const)('equals the unbroken run after %s in its third epoch', async (signal, code) => {
    const ended = await stopped(signal, signal, 120);
    expect(ended.code).toBe(code);
    if (signal === 'SIGINT') {
      const error = ended.stdout.split('\n').at(-1)!;
      expect(JSON.parse(error)).toMatchObject({ kind: 'error', code: 'INTERRUPTED' });
      expect(error).toMatch(/stopped after step 1[2-4]\d of 200; saved.*run the same command again/);
    }
    const { stdout } = await run(of(signal));
    // Killed: the last whole epoch. Asked to stop: the very step.
    const from = signal === 'SIGKILL' ? /"kind":"resumed","step":100,/ : /"kind":"resumed","step":1[2-4]\d,/;
    expect(stdout).toMatch(from);
    await expectEqualRuns(signal);
  });
});
