import type { Leaderboard, LeaderboardRow, LeaderboardScore } from '@orestes/contracts';

/** A fine-tuning's result, as the database has it. */
export interface RankedResult {
  job: string;
  /** Recipe hash of the pretraining that it started from. */
  base: string;
  weights: 'pretrained' | 'random';
  task: string;
  metric: string;
  /** The last epoch's, a fraction. */
  value: number;
  seed: number;
  /** Its recipe hash as it would be without the seed. */
  experiment: string;
  deviceHours: number;
}

/** What is known of a pretraining. */
export interface RankedJob {
  recipeHash: string;
  job: string;
  name: string;
  tokens: number | null;
  flops: number | null;
  corpus: string | null;
  checkpoint: string | null;
  deviceHours: number;
}

/** The tasks of GLUE in Table 1's order. WNLI is none of them; MNLI counts once, its score being the mean of both sets. */
export const GLUE_TASKS = ['mnli', 'qqp', 'qnli', 'sst2', 'cola', 'rte', 'mrpc', 'stsb'];

/**
 * The leaderboard's measured rows, best first: one for each pretraining recipe and kind of weights.
 * @param suite `glue`: the eight tasks of GLUE AVG; `all`: every task that was measured
 */
export function ranking(
  suite: 'glue' | 'all',
  results: readonly RankedResult[],
  pretrained: readonly RankedJob[],
): Leaderboard {
  const chosen = results.filter(({ task }) => suite === 'all' || GLUE_TASKS.includes(task));
  const found = new Set(chosen.map(({ task }) => task));
  const own = [...found].filter((task) => !GLUE_TASKS.includes(task)).sort();
  const tasks = suite === 'glue' ? GLUE_TASKS : [...GLUE_TASKS.filter((task) => found.has(task)), ...own];
  const byRecipe = new Map(pretrained.map((job) => [job.recipeHash, job]));
  const rows = [...groups(chosen, (r) => `${r.base} ${r.weights}`).values()].map((runs) =>
    measuredRow(runs, byRecipe.get(runs[0]!.base), tasks),
  );
  return { suite, tasks, rows: rows.sort(better) };
}

function measuredRow(
  runs: readonly RankedResult[],
  base: RankedJob | undefined,
  tasks: readonly string[],
): LeaderboardRow {
  const byTask = groups(runs, (r) => r.task);
  const scores = tasks.flatMap((task) => (byTask.has(task) ? [taskScore(task, byTask.get(task)!)] : []));
  const { base: recipeHash, weights } = runs[0]!;
  const ownHours = runs.reduce((sum, run) => sum + run.deviceHours, 0);
  const pretraining = weights === 'pretrained' ? base : undefined;
  return {
    source: 'measured',
    name: base?.name ?? recipeHash.slice(0, 12),
    recipeHash,
    weights,
    scores,
    average: glueAverage(scores),
    tokens: pretraining?.tokens ?? (weights === 'random' ? 0 : null),
    flops: pretraining?.flops ?? (weights === 'random' ? 0 : null),
    deviceHours: ownHours + (pretraining?.deviceHours ?? 0),
    lineage: { corpus: base?.corpus ?? null, pretrain: base?.job ?? null, checkpoint: base?.checkpoint ?? null },
    reference: null,
  };
}

/** Over the seeds of the setting with the best median. A seed that ran twice gave the same score: it counts once. */
function taskScore(task: string, runs: readonly RankedResult[]): LeaderboardScore {
  const settings = [...groups(runs, (r) => r.experiment).values()].map((ofSetting) => {
    const seeds = [...groups(ofSetting, (r) => String(r.seed)).values()].map((same) => same[0]!);
    return { jobs: seeds.map((r) => r.job), ...statistics(seeds.map((r) => r.value)) };
  });
  const best = settings.reduce((a, b) => (b.median > a.median ? b : a));
  return { task, metric: runs[0]!.metric, configurations: settings.length, ...best };
}

/** @param values at least one */
export function statistics(
  values: readonly number[],
): Pick<LeaderboardScore, 'n' | 'mean' | 'std' | 'median' | 'best'> {
  const sorted = values.toSorted((a, b) => a - b);
  const n = sorted.length;
  const mean = meanOf(sorted);
  const std = n < 2 ? null : Math.sqrt(sorted.reduce((sum, s) => sum + (s - mean) ** 2, 0) / (n - 1));
  return { n, mean, std, median: (sorted[(n - 1) >> 1]! + sorted[n >> 1]!) / 2, best: sorted[n - 1]! };
}

function glueAverage(scores: readonly LeaderboardScore[]): LeaderboardRow['average'] {
  const chosen = scores.filter((score) => GLUE_TASKS.includes(score.task));
  if (chosen.length < GLUE_TASKS.length) return null;
  const over = (statistic: 'mean' | 'median' | 'best') => meanOf(chosen.map((score) => score[statistic]));
  return { mean: over('mean'), median: over('median'), best: over('best') };
}

/** By GLUE AVG; without one, by how many tasks there are, then by the mean of their scores. */
function better(a: LeaderboardRow, b: LeaderboardRow): number {
  const rank = ({ average, scores }: LeaderboardRow): [number, number, number] => [
    average ? 1 : 0,
    scores.length,
    average?.mean ?? meanOf(scores.map((s) => s.mean)),
  ];
  const [x, y] = [rank(a), rank(b)];
  const at = x.findIndex((value, i) => value !== y[i]);
  return at < 0 ? a.name.localeCompare(b.name) : y[at]! - x[at]!;
}

const meanOf = (values: readonly number[]): number => values.reduce((sum, v) => sum + v, 0) / values.length;

function groups<T>(values: readonly T[], keyOf: (value: T) => string): Map<string, T[]> {
  const result = new Map<string, T[]>();
  for (const value of values) {
    const key = keyOf(value);
    const group = result.get(key);
    if (group) group.push(value);
    else result.set(key, [value]);
  }
  return result;
}
