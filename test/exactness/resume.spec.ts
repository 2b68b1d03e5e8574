import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PretrainResult } from '@orestes/contracts';
import type { Ended } from '../support/orestes.js';
import { uniform } from '../support/random.js';
import { attempt, checkpoints, makeCorpus, metrics, pretrainSpec, run, type Run } from '../support/tiny.js';

jest.setTimeout(600_000);

const STEPS = 120;
const KILLS = 10;
/** No step after it is killed at: a signal takes its time, and the run goes on meanwhile. */
const LAST_KILL = 80;
const SPEC = {
  ...pretrainSpec,
  schedule: { ...pretrainSpec.schedule, maxSteps: STEPS },
  checkpoint: { everySteps: 4, keep: 3 },
};

let folder: string;
const of = (name: string): Run => ({ folder: join(folder, name), spec: SPEC });

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'orestes-resume-'));
  await makeCorpus(folder);
  await run(of('unbroken'));
});
afterAll(() => rm(folder, { recursive: true }));

/** Runs until a step is reported and `delay` ms more, then sends the signal. */
function stopped(what: Run, signal: NodeJS.Signals, step: number, delay = 0): Promise<Ended> {
  let sent = false;
  return attempt(what, {
    onReport(report, child) {
      if (sent || report.kind !== 'progress' || report.step < step) return;
      sent = true;
      setTimeout(() => child.kill(signal), delay);
    },
  });
}

/** Parameters, moments, positions, sample numbers, losses of every step, held-out measures: all of it. */
async function expectEqualRuns(name: string): Promise<void> {
  const [found, expected] = [join(folder, name), join(folder, 'unbroken')];
  const [metricsFound, metricsExpected] = [await metrics(found), await metrics(expected)];
  expect(metricsFound).toEqual(metricsExpected);
  const [bytesFound, bytesExpected] = [await checkpoints(found), await checkpoints(expected)];
  expect(Object.keys(bytesFound)).toEqual(Object.keys(bytesExpected));
  const different = Object.keys(bytesExpected).filter((file) => !bytesFound[file]!.equals(bytesExpected[file]!));
  expect(different).toEqual([]);
  const result = async (of: string) => {
    const text = await readFile(join(of, 'run', 'result.json'), 'utf8');
    return { ...PretrainResult.parse(JSON.parse(text)), checkpoint: 'elsewhere' };
  };
  expect(await result(found)).toEqual(await result(expected));
}

describe('an unbroken run', () => {
  it('logs every step with the sequences it saw, and keeps its last checkpoints', async () => {
    const training = (await metrics(join(folder, 'unbroken'))).filter(({ split }) => split === 'train');
    expect(training.map(({ step }) => step)).toEqual(Array.from({ length: STEPS }, (_, i) => i + 1));
    expect(training.map(({ values }) => values['samples'])).toEqual(training.map(({ step }) => 8 * step));
    expect(new Set(training.map(({ values }) => values['sample_ids'])).size).toBe(STEPS);
    const kept = [112, 116, 120].flatMap((step) =>
      ['manifest.json', 'part-00000.safetensors', 'tokenizer.json'].map((file) => `step-000000${step}/${file}`),
    );
    expect(Object.keys(await checkpoints(join(folder, 'unbroken')))).toEqual(kept);
  });
});

describe('a run that is stopped and started again', () => {
  it(`equals the unbroken one bit for bit after ${KILLS} times SIGKILL at random steps`, async () => {
    const next = uniform(4);
    const steps = new Set<number>();
    while (steps.size < KILLS) steps.add(1 + Math.floor(next() * LAST_KILL));
    for (const step of [...steps].sort((a, b) => a - b)) {
      const { signal } = await stopped(of('killed'), 'SIGKILL', step, next() * 20);
      expect({ step, signal }).toEqual({ step, signal: 'SIGKILL' });
    }
    const { stdout } = await run(of('killed'));
    expect(stdout).toContain('"kind":"resumed"');
    await expectEqualRuns('killed');
  });

  it.each(['SIGINT', 'SIGTERM'] as const)(
    'equals the unbroken one after %s, which says how to go on',
    async (signal) => {
      const ended = await stopped(of(signal), signal, 33);
      expect(ended.code).toBe(130);
      const lines = ended.stdout.split('\n').map((line) => JSON.parse(line) as Record<string, unknown>);
      const error = lines.at(-1)!;
      expect(error).toMatchObject({ kind: 'error', code: 'INTERRUPTED' });
      expect(error['message']).toMatch(
        /^stopped after step \d+ of 120; .*\nto go on from there, run the same command again$/,
      );
      const [, at] = /after step (\d+)/.exec(String(error['message']))!;
      expect(lines.at(-2)).toMatchObject({ kind: 'checkpoint', step: Number(at) });
      const { stdout } = await run(of(signal));
      expect(JSON.parse(stdout.split('\n')[0]!)).toMatchObject({ kind: 'resumed', step: Number(at) });
      await expectEqualRuns(signal);
    },
  );
});
