import { describe, expect, it } from '@jest/globals';
import type { FinetuneResult } from '@orestes/contracts';
import { finetuneGrid } from './grid.js';
import { summarize } from './summary.js';

const run = (task: string, last: number, weights: FinetuneResult['weights'] = 'pretrained'): FinetuneResult => ({
  kind: 'finetune',
  task,
  seed: 1,
  weights,
  epochs: [],
  metric: { name: 'accuracy', last, best: 1 },
  droppedRows: 0,
});
const EIGHT = ['cola', 'sst2', 'mrpc', 'qqp', 'stsb', 'mnli', 'qnli', 'rte'];

describe('summarize', () => {
  it('gives mean, sample deviation, median and best over seeds', () => {
    const [summary] = summarize([0.2, 0.8, 0.5, 0.3].map((last) => run('mine', last)));
    expect(summary!.tasks).toEqual([
      { task: 'mine', metric: 'accuracy', n: 4, mean: 0.45, std: expect.closeTo(0.264575, 6), median: 0.4, best: 0.8 },
    ]);
    expect(summary!.average).toBeNull();
  });

  it('knows no deviation of one run, and keeps kinds of weights apart', () => {
    const summaries = summarize([run('mine', 0.5), run('mine', 0.1, 'random')]);
    expect(summaries.map((s) => [s.weights, s.tasks[0]!.mean, s.tasks[0]!.std])).toEqual([
      ['pretrained', 0.5, null],
      ['random', 0.1, null],
    ]);
  });

  it('averages eight tasks of GLUE without WNLI', () => {
    const runs = EIGHT.flatMap((task, i) => [run(task, i / 10), run(task, i / 10 + 0.1)]);
    const [summary] = summarize([...runs, run('wnli', 1)]);
    expect(summary!.average!.mean).toBeCloseTo(0.4, 12);
    expect(summary!.average!.best).toBeCloseTo(0.45, 12);
  });

  it('has no average while a task is missing', () => {
    expect(summarize(EIGHT.slice(1).map((task) => run(task, 1)))[0]!.average).toBeNull();
  });
});

describe('finetuneGrid', () => {
  it.each(['base', 'large'] as const)('has the 360 different points of the paper for %s', (size) => {
    expect(new Set(finetuneGrid(size).map((point) => JSON.stringify(point))).size).toBe(360);
  });
});
