import * as tf from '@tensorflow/tfjs';
import type { Optimizer } from '@orestes/contracts';

/** One optimizer's mathematics. `m` and `v` are its two moments; p <- p - stepSize * direction. */
export interface UpdateRule {
  /** Step size of update t (from 1), in float64 on the host. */
  stepSize(o: Optimizer, learningRate: number, t: number): number;
  update(o: Optimizer, g: tf.Tensor, m: tf.Tensor, v: tf.Tensor): { m: tf.Tensor; v: tf.Tensor; direction: tf.Tensor };
}

/** Adam as fairseq computes it: bias correction in the step size, epsilon beside the uncorrected root. */
const adam: UpdateRule = {
  stepSize: ({ beta1, beta2 }, learningRate, t) => (learningRate * Math.sqrt(1 - beta2 ** t)) / (1 - beta1 ** t),
  update(o, g, m, v) {
    const nextM = average(m, g, o.beta1);
    const nextV = average(v, tf.square(g), o.beta2);
    return { m: nextM, v: nextV, direction: tf.div(nextM, tf.add(tf.sqrt(nextV), o.epsilon)) };
  },
};

/** AdaMax as mt-dnn computes it; `v` holds u, the decayed largest gradient. */
const adamax: UpdateRule = {
  stepSize: ({ beta1 }, learningRate, t) => learningRate / (1 - beta1 ** t),
  update(o, g, m, v) {
    const nextM = average(m, g, o.beta1);
    const u = tf.maximum(tf.mul(v, o.beta2), tf.add(tf.abs(g), o.epsilon));
    return { m: nextM, v: u, direction: tf.div(nextM, u) };
  },
};

export const updateRules = { adam, adamax } satisfies Record<Optimizer['name'], UpdateRule>;

const average = (old: tf.Tensor, now: tf.Tensor, beta: number) => tf.add(tf.mul(old, beta), tf.mul(now, 1 - beta));
