import type { JobMetric } from '@orestes/contracts';

export type Split = JobMetric['split'];
type Point = Pick<JobMetric, 'step' | 'values'>;

/** What a job measured, by split, steps rising. */
export type Curves = Readonly<Record<Split, readonly Point[]>>;

export const NO_CURVES: Curves = { train: [], validation: [] };

/**
 * Adds what came next. A worker that goes on from a checkpoint makes the steps after it again: what an earlier attempt said
 * of them is dropped.
 */
export function addMetrics(curves: Curves, metrics: readonly JobMetric[]): Curves {
  const grown = { train: [...curves.train], validation: [...curves.validation] };
  for (const { split, step, values } of metrics) {
    const points = grown[split];
    while (points.length > 0 && points.at(-1)!.step >= step) points.pop();
    points.push({ step, values });
  }
  return grown;
}

/** Steps and values of one metric; steps where it has no value are left out. */
export interface Samples {
  steps: number[];
  values: number[];
}

export function samplesOf(curves: Curves, split: Split, metric: string): Samples {
  const samples: Samples = { steps: [], values: [] };
  for (const { step, values } of curves[split]) {
    const value = values[metric];
    if (value === undefined || value === null) continue;
    samples.steps.push(step);
    samples.values.push(value);
  }
  return samples;
}

/** Names of all metrics, in the order they first come. */
export function metricsIn(curves: Curves): string[] {
  const names = new Set<string>();
  for (const points of [curves.train, curves.validation])
    for (const { values } of points) for (const name of Object.keys(values)) names.add(name);
  return [...names];
}

/** One x axis for all: every step that any line has, and null where a line has none. */
export function aligned(lines: readonly Samples[]): [steps: number[], ...values: (number | null)[][]] {
  const steps = [...new Set(lines.flatMap((line) => line.steps))].sort((a, b) => a - b);
  const place = new Map(steps.map((step, i) => [step, i]));
  const columns = lines.map((line) => {
    const column = new Array<number | null>(steps.length).fill(null);
    line.steps.forEach((step, i) => (column[place.get(step)!] = line.values[i]!));
    return column;
  });
  return [steps, ...columns];
}
