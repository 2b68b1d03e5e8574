import { beforeAll, describe, expect, it } from '@jest/globals';
import type { Optimizer } from '@orestes/contracts';
import { EagerEngine, type Tensors } from '@orestes/engine';
import * as tf from '@tensorflow/tfjs';
import { hyper, momentSpecs, updateGroup, type Group } from './group.js';

beforeAll(() => EagerEngine.create('cpu'));

const adam: Optimizer = {
  name: 'adam',
  peakLearningRate: 0.1,
  beta1: 0.9,
  beta2: 0.98,
  epsilon: 1e-6,
  weightDecay: 0.01,
  decay: 'all',
  clipNorm: null,
};
const schedule = { warmupSteps: 0, maxSteps: 4 };
const GRADIENTS = [
  [0.3, -0.2, 4],
  [0.1, 0, -2],
  [-0.5, 0.25, 1],
];

/** Three updates of a matrix [1, 2] and a vector [1]. */
async function train(optimizer: Optimizer): Promise<{ values: number[]; norms: number[] }> {
  const group: Group = { name: 'joint', optimizer, parameters: ['w', 'b'] };
  const specs = { w: { shape: [1, 2], dtype: 'float32' }, b: { shape: [1], dtype: 'float32' } } as const;
  const zeros = Object.keys(momentSpecs(group, specs)).map((name) => [
    name,
    tf.zeros(name.endsWith('w') ? [1, 2] : [1]),
  ]);
  let state: Tensors = {
    ...(Object.fromEntries(zeros) as Tensors),
    w: tf.tensor2d([[1, -2]]),
    b: tf.tensor1d([3]),
  };
  const norms: number[] = [];
  for (const [i, [g0, g1, g2]] of GRADIENTS.entries()) {
    const scalars = Object.fromEntries(
      Object.entries(hyper([group], schedule, i + 1)).map(([name, v]) => [name, tf.scalar(v[0]!)]),
    );
    const next = updateGroup(group, state, { w: tf.tensor2d([[g0!, g1!]]), b: tf.tensor1d([g2!]) }, scalars);
    state = { ...state, ...next.state };
    norms.push((await next.norm.data())[0]!);
  }
  return { values: [...(await state['w']!.data()), ...(await state['b']!.data())], norms };
}

/** The update rules as their sources print them, in float64. */
function reference(o: Optimizer): number[] {
  const p = [1, -2, 3];
  const [m, v] = [p.map(() => 0), p.map(() => 0)];
  for (const [i, gradient] of GRADIENTS.entries()) {
    const t = i + 1;
    const lr = o.peakLearningRate * (1 - t / 4);
    const norm = Math.hypot(...gradient);
    const scale = o.clipNorm === null ? 1 : Math.min(1, o.clipNorm / (norm + 1e-6));
    for (const k of p.keys()) {
      const g = gradient[k]! * scale;
      if (o.decay === 'all' || k < 2) p[k]! *= 1 - lr * o.weightDecay;
      m[k] = o.beta1 * m[k]! + (1 - o.beta1) * g;
      if (o.name === 'adam') {
        // fairseq/optim/adam.py: denom = sqrt(v) + eps; step size = lr * sqrt(1 - b2^t) / (1 - b1^t)
        v[k] = o.beta2 * v[k]! + (1 - o.beta2) * g * g;
        const stepSize = (lr * Math.sqrt(1 - o.beta2 ** t)) / (1 - o.beta1 ** t);
        p[k]! -= (stepSize * m[k]) / (Math.sqrt(v[k]) + o.epsilon);
      } else {
        // mt-dnn: u = max(b2 u, |g| + eps)
        v[k] = Math.max(o.beta2 * v[k]!, Math.abs(g) + o.epsilon);
        p[k]! -= ((lr / (1 - o.beta1 ** t)) * m[k]) / v[k];
      }
    }
  }
  return p;
}

describe('updateGroup', () => {
  it.each<[string, Partial<Optimizer>]>([
    ['adam', {}],
    ['adam, clipped', { clipNorm: 1 }],
    ['adam, clipped by a norm that only some gradients reach', { clipNorm: 2 }],
    ['adam, decay of matrices', { decay: 'matrices', weightDecay: 0.5 }],
    ['adam without decay', { weightDecay: 0 }],
    ['adamax', { name: 'adamax' }],
    ['adamax, clipped', { name: 'adamax', clipNorm: 0.5 }],
  ])('%s equals the formula', async (_, changes) => {
    const optimizer = { ...adam, ...changes };
    const { values, norms } = await train(optimizer);
    reference(optimizer).forEach((want, i) => expect(values[i]).toBeCloseTo(want, 5));
    GRADIENTS.forEach((g, i) => expect(norms[i]).toBeCloseTo(Math.hypot(...g), 5));
  });
});
