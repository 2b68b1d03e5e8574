/** Predictions against what is true, equally long: class numbers, or scores for the correlations. */
export type Metric = (predicted: ArrayLike<number>, actual: ArrayLike<number>) => number;

/** Share of equal class numbers. */
function accuracy(predicted: ArrayLike<number>, actual: ArrayLike<number>): number {
  return count(actual.length, (i) => predicted[i] === actual[i]) / actual.length;
}

/** 2 TP / (2 TP + FP + FN) of class 1; 0 when there is none of it on either side. */
function f1(predicted: ArrayLike<number>, actual: ArrayLike<number>): number {
  const both = count(actual.length, (i) => predicted[i] === 1 && actual[i] === 1);
  const either = count(actual.length, (i) => predicted[i] === 1) + count(actual.length, (i) => actual[i] === 1);
  return either === 0 ? 0 : (2 * both) / either;
}

/** Matthews correlation for any number of classes (Gorodkin 2004, R_K); 0 when one side holds a single class. */
function matthews(predicted: ArrayLike<number>, actual: ArrayLike<number>): number {
  const n = actual.length;
  const correct = count(n, (i) => predicted[i] === actual[i]);
  const p = histogram(predicted);
  const t = histogram(actual);
  const dot = (a: Map<number, number>, b: Map<number, number>) =>
    [...a].reduce((s, [k, v]) => s + v * (b.get(k) ?? 0), 0);
  const spread = Math.sqrt(n * n - dot(p, p)) * Math.sqrt(n * n - dot(t, t));
  return spread === 0 ? 0 : (correct * n - dot(p, t)) / spread;
}

/** Linear correlation; 0 when one side is constant. */
function pearson(predicted: ArrayLike<number>, actual: ArrayLike<number>): number {
  const n = actual.length;
  const mx = mean(predicted);
  const my = mean(actual);
  let [xy, xx, yy] = [0, 0, 0];
  for (let i = 0; i < n; i++) {
    const x = predicted[i]! - mx;
    const y = actual[i]! - my;
    xy += x * y;
    xx += x * x;
    yy += y * y;
  }
  return xx === 0 || yy === 0 ? 0 : xy / Math.sqrt(xx * yy);
}

/** Rank correlation: Pearson of the ranks, equal values sharing the mean of theirs. */
const spearman: Metric = (predicted, actual) => pearson(ranks(predicted), ranks(actual));

export const METRICS = { accuracy, f1, matthews, pearson, spearman } satisfies Record<string, Metric>;
export type MetricName = keyof typeof METRICS;

/** Ranks from 1; equal values share the mean of theirs. */
function ranks(values: ArrayLike<number>): Float64Array {
  const order = Array.from(values, (_, i) => i).sort((a, b) => values[a]! - values[b]!);
  const result = new Float64Array(values.length);
  for (let start = 0, end = 0; start < order.length; start = end) {
    while (end < order.length && values[order[end]!] === values[order[start]!]) end++;
    for (let i = start; i < end; i++) result[order[i]!] = (start + 1 + end) / 2;
  }
  return result;
}

function mean(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]!;
  return sum / values.length;
}

function count(n: number, holds: (i: number) => boolean): number {
  let total = 0;
  for (let i = 0; i < n; i++) if (holds(i)) total++;
  return total;
}

function histogram(values: ArrayLike<number>): Map<number, number> {
  const counts = new Map<number, number>();
  for (let i = 0; i < values.length; i++) counts.set(values[i]!, (counts.get(values[i]!) ?? 0) + 1);
  return counts;
}
