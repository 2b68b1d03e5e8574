import { describe, expect, it } from '@jest/globals';
import type { JobMetric } from '@orestes/contracts';
import { addMetrics, aligned, metricsIn, NO_CURVES, samplesOf } from './curves.js';

const metric = (step: number, loss: number | null, split: JobMetric['split'] = 'train'): JobMetric => ({
  id: 0,
  time: '2026-01-01T00:00:00Z',
  step,
  split,
  values: { loss },
});
const losses = (metrics: JobMetric[], split: JobMetric['split'] = 'train') =>
  samplesOf(addMetrics(NO_CURVES, metrics), split, 'loss');

describe('addMetrics', () => {
  it.each<[string, JobMetric[], number[], number[]]>([
    ['keeps the order', [metric(1, 5), metric(2, 4)], [1, 2], [5, 4]],
    [
      'drops what a resumed worker makes again',
      [metric(1, 5), metric(2, 4), metric(3, 3), metric(2, 9)],
      [1, 2],
      [5, 9],
    ],
    ['leaves values out that are not there', [metric(1, 5), metric(2, null)], [1], [5]],
    ['keeps the splits apart', [metric(2, 5), metric(1, 8, 'validation'), metric(3, 4)], [2, 3], [5, 4]],
  ])('%s', (_, metrics, steps, values) => {
    expect(losses(metrics)).toEqual({ steps, values });
  });

  it('changes nothing that it was given', () => {
    const before = addMetrics(NO_CURVES, [metric(1, 5)]);
    addMetrics(before, [metric(1, 6)]);
    expect(samplesOf(before, 'train', 'loss').values).toEqual([5]);
  });
});

it('aligned puts all lines on the union of their steps', () => {
  const train = { steps: [1, 10, 20], values: [3, 2, 1] };
  const validation = { steps: [0, 20], values: [4, 1.5] };
  expect(aligned([train, validation])).toEqual([
    [0, 1, 10, 20],
    [null, 3, 2, 1],
    [4, null, null, 1.5],
  ]);
});

it('metricsIn names what either split has', () => {
  const validation = { ...metric(0, 1, 'validation'), values: { accuracy: 1, loss: 2 } };
  expect(metricsIn(addMetrics(NO_CURVES, [metric(1, 5), validation]))).toEqual(['loss', 'accuracy']);
});
