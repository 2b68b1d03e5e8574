import { METRICS, type MetricName } from './metrics.js';
import type { Example, LoadedTask } from './task.js';

/** One validation set with what the model says of it. */
export interface Scored {
  set: string;
  examples: readonly Example[];
  /** [examples, outputs] row-major: a logit per class, or the normalised score. */
  outputs: Float32Array;
}

export type TaskShape = Pick<LoadedTask, 'labels' | 'shift' | 'scale'>;

/** Outputs of the model: one per class, or one score. */
export const outputCount = (task: TaskShape): number => task.labels?.length ?? 1;

/** Class numbers, or scores in the file's unit. */
export function predictions(task: TaskShape, outputs: Float32Array): Float64Array {
  const classes = outputCount(task);
  if (!task.labels) return Float64Array.from(outputs, (score) => score * task.scale + task.shift);
  return Float64Array.from({ length: outputs.length / classes }, (_, row) => {
    const logits = outputs.subarray(row * classes, (row + 1) * classes);
    return logits.indexOf(Math.max(...logits));
  });
}

/** Probability of every class: softmax of one row's logits. */
export function probabilities(logits: Float32Array): number[] {
  const largest = Math.max(...logits);
  const exp = Array.from(logits, (l) => Math.exp(l - largest));
  const sum = exp.reduce((a, b) => a + b);
  return exp.map((e) => e / sum);
}

/**
 * The task's measures and its loss (mean cross-entropy, or mean squared error of the normalised score). Of several sets:
 * each measure as the mean over the sets, and `NAME_SET` for each.
 */
export function measure(
  task: TaskShape & Pick<LoadedTask, 'metrics'>,
  sets: readonly Scored[],
): Record<string, number> {
  const perSet = sets.map((scored) => ofSet(task, scored));
  const names = Object.keys(perSet[0]!);
  const means = names.map((name) => [name, perSet.reduce((sum, v) => sum + v[name]!, 0) / sets.length]);
  const each = sets.flatMap(({ set }, i) => names.map((name) => [`${name}_${set}`, perSet[i]![name]!]));
  return Object.fromEntries(sets.length === 1 ? means : [...means, ...each]) as Record<string, number>;
}

function ofSet(task: TaskShape & Pick<LoadedTask, 'metrics'>, { examples, outputs }: Scored): Record<string, number> {
  const predicted = predictions(task, outputs);
  const actual = examples.map((e) => e.target);
  const value = (name: MetricName): [string, number] => [name, METRICS[name](predicted, actual)];
  return { ...Object.fromEntries(task.metrics.map(value)), loss: loss(task, actual, outputs) };
}

function loss(task: TaskShape, actual: readonly number[], outputs: Float32Array): number {
  const classes = outputCount(task);
  const each = actual.map((target, row) => {
    if (!task.labels) return ((target - task.shift) / task.scale - outputs[row]!) ** 2;
    const logits = outputs.subarray(row * classes, (row + 1) * classes);
    const largest = Math.max(...logits);
    return largest + Math.log(logits.reduce((sum, l) => sum + Math.exp(l - largest), 0)) - logits[target]!;
  });
  return each.reduce((a, b) => a + b, 0) / each.length;
}
