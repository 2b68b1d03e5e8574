import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { METRICS, type MetricName } from './metrics.js';

interface Case {
  name: string;
  predicted: number[];
  actual: number[];
  values: Partial<Record<MetricName, number>>;
}

// Made by make.py beside it, with scikit-learn and scipy.
const fixture = join(__dirname, '../../../../test/fixtures/metrics/metrics.json');
const { cases } = JSON.parse(readFileSync(fixture, 'utf8')) as { cases: Case[] };

describe('metrics equal those of scikit-learn and scipy', () => {
  it('covers every metric', () => {
    const covered = new Set(cases.flatMap((c) => Object.keys(c.values)));
    expect([...covered].sort()).toEqual(Object.keys(METRICS).sort());
  });

  it.each(cases)('$name', ({ predicted, actual, values }) => {
    for (const [name, value] of Object.entries(values))
      expect([name, METRICS[name as MetricName](predicted, actual)]).toEqual([name, expect.closeTo(value, 9)]);
  });

  it.each(['pearson', 'spearman'] as const)('%s is 0 for a constant side', (name) => {
    expect(METRICS[name]([1, 1, 1], [1, 2, 3])).toBe(0);
    expect(METRICS[name]([1, 2, 3], [1, 1, 1])).toBe(0);
  });
});
