import * as tf from '@tensorflow/tfjs';
import type { Tensors } from '@orestes/engine';
import type { EncoderMode } from './encoder.js';

/** Admin (Liu et al. 2020, "Understanding the difficulty of training transformers"): weights omega of the residual stream. */

/** Closed form: sqrt((M + 1) / ln(M + 1) - 1) with M = 2 * layers branches. 12 layers: 2.601; 24: 3.404. */
export function constantOmega(layers: number): number {
  const m = 2 * layers;
  return Math.sqrt((m + 1) / Math.log(m + 1) - 1);
}

/**
 * Profiled form: omega of the first branch is 1; each next one is sqrt(Var(omega * x) + Var(f)) of the branch before, over all
 * elements of x and f [B*S, D]. Each omega is used for the rest of the same forward pass, so the variances accumulate.
 * @returns `hook` for one forward pass; `omegas` by parameter name, filled as it runs
 */
export function profiler(isProfiled: (encoder: string) => boolean) {
  const omegas: Tensors = {};
  const hook = (encoder: string): NonNullable<EncoderMode['omega']> => {
    let size = tf.scalar(1);
    return (name, x, f) => {
      if (!isProfiled(encoder)) return null;
      const omega = tf.mul(tf.ones([x.shape[1]!]), size);
      const before = variance(tf.mul(x, size));
      size = tf.sqrt(tf.add(before, variance(f)));
      return (omegas[`${name}/omega`] = omega);
    };
  };
  return { hook, omegas };
}

const variance = (x: tf.Tensor) => tf.mean(tf.square(tf.sub(x, tf.mean(x))));
