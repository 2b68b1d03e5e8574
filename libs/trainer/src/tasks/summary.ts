import type { FinetuneResult } from '@orestes/contracts';

export interface Statistics {
  mean: number;
  median: number;
  best: number;
}

/** Scores of one task over its seeds: each run's last epoch, never its best one. */
export interface TaskScore extends Statistics {
  task: string;
  metric: string;
  /** Runs. */
  n: number;
  /** Of the sample (n - 1); null for one run. */
  std: number | null;
}

export interface ScoreSummary {
  weights: FinetuneResult['weights'];
  tasks: TaskScore[];
  /** GLUE AVG of each statistic; null unless all eight tasks are there. */
  average: Statistics | null;
}

/** The tasks of GLUE AVG. WNLI is none of them; MNLI counts once, its score being the mean of both sets. */
const AVERAGED = ['cola', 'sst2', 'mrpc', 'qqp', 'stsb', 'mnli', 'qnli', 'rte'];

/** Runs by weights and task, in the order they first come. */
export function summarize(results: readonly FinetuneResult[]): ScoreSummary[] {
  return [...groups(results, (r) => r.weights)].map(([weights, runs]) => {
    const tasks = [...groups(runs, (r) => r.task)].map(([task, ofTask]) => taskScore(task, ofTask));
    return { weights, tasks, average: glueAverage(tasks) };
  });
}

function taskScore(task: string, runs: readonly FinetuneResult[]): TaskScore {
  const scores = runs.map((r) => r.metric.last).sort((a, b) => a - b);
  const n = scores.length;
  const mean = meanOf(scores);
  const std = n < 2 ? null : Math.sqrt(scores.reduce((sum, s) => sum + (s - mean) ** 2, 0) / (n - 1));
  const median = (scores[(n - 1) >> 1]! + scores[n >> 1]!) / 2;
  return { task, metric: runs[0]!.metric.name, n, mean, std, median, best: scores[n - 1]! };
}

function glueAverage(tasks: readonly TaskScore[]): Statistics | null {
  const chosen = tasks.filter((t) => AVERAGED.includes(t.task));
  if (chosen.length < AVERAGED.length) return null;
  const over = (statistic: keyof Statistics) => meanOf(chosen.map((t) => t[statistic]));
  return { mean: over('mean'), median: over('median'), best: over('best') };
}

const meanOf = (values: readonly number[]): number => values.reduce((sum, v) => sum + v, 0) / values.length;

function groups<T, K>(values: readonly T[], keyOf: (value: T) => K): Map<K, T[]> {
  const result = new Map<K, T[]>();
  for (const value of values) result.set(keyOf(value), [...(result.get(keyOf(value)) ?? []), value]);
  return result;
}
