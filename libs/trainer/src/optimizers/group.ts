import * as tf from '@tensorflow/tfjs';
import type { Optimizer } from '@orestes/contracts';
import type { HostArrays, Sharding, Specs, Tensors } from '@orestes/engine';
import { updateRules } from './rules.js';
import { learningRate } from './schedule.js';

/** Parameters that one optimizer trains, with a gradient norm of their own. */
export interface Group {
  name: string;
  optimizer: Optimizer;
  parameters: readonly string[];
}

const moment = (group: Group, slot: 'm' | 'v', parameter: string) => `optimizer/${group.name}/${slot}/${parameter}`;

/** Specs of a group's moments: two a parameter. They start at zero. */
export function momentSpecs(group: Group, parameters: Specs): Specs {
  const entries = group.parameters.flatMap((name) =>
    (['m', 'v'] as const).map((slot) => [moment(group, slot, name), parameters[name]!] as const),
  );
  return Object.fromEntries(entries);
}

/** Moments lie split over the devices (ZeRO-1, Rajbhandari et al. 2020), everything else whole on each. */
export const stateSharding = (name: string): Sharding => (name.startsWith('optimizer/') ? 'split' : 'replicated');

/** Specs of the scalars that the host computes for each update. */
export const hyperSpecs = (groups: readonly Group[]): Specs =>
  Object.fromEntries(
    groups.flatMap(({ name }) =>
      [`step_size/${name}`, `decay/${name}`].map((key) => [key, { shape: [], dtype: 'float32' as const }] as const),
    ),
  );

/** The scalars of update t (from 1): `step_size/GROUP` and `decay/GROUP`. */
export function hyper(
  groups: readonly Group[],
  schedule: { warmupSteps: number; maxSteps: number },
  t: number,
): HostArrays {
  const entries = groups.flatMap(({ name, optimizer }) => {
    const lr = learningRate(optimizer.peakLearningRate, schedule, t);
    return [
      [`step_size/${name}`, Float32Array.of(updateRules[optimizer.name].stepSize(optimizer, lr, t))],
      [`decay/${name}`, Float32Array.of(lr * optimizer.weightDecay)],
    ] as const;
  });
  return Object.fromEntries(entries);
}

/**
 * One update of a group.
 * @param state parameters and moments
 * @param gradients by parameter name
 * @param scalars `step_size/GROUP` and `decay/GROUP`
 * @returns new parameters and moments; the norm of the gradients before clipping, float []
 */
export function updateGroup(
  group: Group,
  state: Tensors,
  gradients: Tensors,
  scalars: Tensors,
): { state: Tensors; norm: tf.Tensor } {
  const { optimizer, parameters } = group;
  const norm = globalNorm(parameters.map((name) => gradients[name]!));
  const scale = clipScale(norm, optimizer.clipNorm);
  const next: Tensors = {};
  for (const name of parameters) {
    const [m, v] = [moment(group, 'm', name), moment(group, 'v', name)];
    const g = scale ? tf.mul(gradients[name]!, scale) : gradients[name]!;
    const updated = updateRules[optimizer.name].update(optimizer, g, state[m]!, state[v]!);
    const p = decays(optimizer, state[name]!)
      ? tf.sub(state[name]!, tf.mul(state[name]!, scalars[`decay/${group.name}`]!))
      : state[name]!;
    next[name] = tf.sub(p, tf.mul(updated.direction, scalars[`step_size/${group.name}`]!));
    next[m] = updated.m;
    next[v] = updated.v;
  }
  return { state: next, norm };
}

const decays = (o: Optimizer, p: tf.Tensor) => o.weightDecay > 0 && (o.decay === 'all' || p.rank >= 2);

const globalNorm = (gradients: tf.Tensor[]) =>
  tf.sqrt(gradients.map((g) => tf.sum(tf.square(g))).reduce((a, b) => tf.add(a, b)));

/** g * min(1, clipNorm / (norm + 1e-6)). */
const clipScale = (norm: tf.Tensor, clipNorm: number | null) =>
  clipNorm === null ? null : tf.minimum(tf.div(clipNorm, tf.add(norm, 1e-6)), 1);
