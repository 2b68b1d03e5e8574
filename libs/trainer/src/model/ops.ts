import * as tf from '@tensorflow/tfjs';
import type { Tensors } from '@orestes/engine';

type Save = (tensors: tf.Tensor[]) => void;

/** A function with its derivative given: `backward` sees dy and what `forward` saved, and answers one gradient an input. */
function withGradient(
  inputs: tf.Tensor[],
  forward: (save: Save) => tf.Tensor,
  backward: (dy: tf.Tensor, saved: tf.Tensor[]) => tf.Tensor[],
): tf.Tensor {
  return tf.customGrad((...args: unknown[]) => {
    const save = args[inputs.length] as Save;
    return { value: forward(save), gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => backward(dy, saved) };
  })(...inputs);
}

/** x [N, in] @ kernel [in, out] + bias [out]. */
export function linear(p: Tensors, name: string, x: tf.Tensor): tf.Tensor {
  return tf.add(tf.matMul(x, p[`${name}/kernel`]!), p[`${name}/bias`]!);
}

/** Rows of a table [R, C] by int32 indices [N]: [N, C]. Its gradient is one scatter-add. */
export function rows(table: tf.Tensor, indices: tf.Tensor): tf.Tensor {
  return withGradient(
    [table],
    (save) => {
      save([indices]);
      return tf.gather(table, indices);
    },
    (dy, saved) => [tf.unsortedSegmentSum(dy, saved[0] as tf.Tensor1D, table.shape[0])],
  );
}

const NORM_EPSILON = 1e-5;

/** Layer normalisation over the last dimension of x [N, D], then scale and bias [D]. */
export function layerNorm(p: Tensors, name: string, x: tf.Tensor): tf.Tensor {
  const [scale, bias] = [p[`${name}/scale`]!, p[`${name}/bias`]!];
  return withGradient(
    [x, scale, bias],
    (save) => {
      const centered = tf.sub(x, tf.mean(x, -1, true));
      const inverse = tf.rsqrt(tf.add(tf.mean(tf.square(centered), -1, true), NORM_EPSILON));
      const unit = tf.mul(centered, inverse);
      save([unit, inverse, scale]);
      return tf.add(tf.mul(unit, scale), bias);
    },
    (dy, saved) => {
      const [unit, inverse, scale] = saved as [tf.Tensor, tf.Tensor, tf.Tensor];
      const dyUnit = tf.mul(dy, unit);
      const dUnit = tf.mul(dy, scale);
      const along = tf.mul(unit, tf.mean(tf.mul(dUnit, unit), -1, true));
      const dx = tf.mul(inverse, tf.sub(tf.sub(dUnit, tf.mean(dUnit, -1, true)), along));
      return [dx, tf.sum(dyUnit, 0), tf.sum(dy, 0)];
    },
  );
}

/** Phi, the normal distribution function: gelu(x) = x * Phi(x) (Hendrycks and Gimpel 2016, exact form). */
const normalCdf = (x: tf.Tensor) => tf.mul(tf.add(tf.erf(tf.mul(x, Math.SQRT1_2)), 1), 0.5);

export function gelu(x: tf.Tensor): tf.Tensor {
  return withGradient(
    [x],
    (save) => {
      save([x]);
      return tf.mul(x, normalCdf(x));
    },
    (dy, saved) => {
      const x = saved[0]!;
      const density = tf.mul(tf.exp(tf.mul(tf.square(x), -0.5)), 1 / Math.sqrt(2 * Math.PI));
      return [tf.mul(dy, tf.add(normalCdf(x), tf.mul(x, density)))];
    },
  );
}

/**
 * softmax(scale * scores + bias + mask) over the last dimension.
 * @param scores [B, H, S, S]
 * @param bias [1, H, S, S], or null
 * @param mask [B, 1, 1, S]: 0, or -1e9 where the key is padding; it gets no gradient
 */
export function attentionWeights(scores: tf.Tensor, scale: number, bias: tf.Tensor | null, mask: tf.Tensor): tf.Tensor {
  return withGradient(
    bias ? [scores, bias] : [scores],
    (save) => {
      const scaled = tf.mul(scores, scale);
      const weights = tf.softmax(tf.add(bias ? tf.add(scaled, bias) : scaled, mask));
      save([weights]);
      return weights;
    },
    (dy, saved) => {
      const weights = saved[0]!;
      const product = tf.mul(dy, weights);
      const d = tf.sub(product, tf.mul(weights, tf.sum(product, -1, true)));
      return bias ? [tf.mul(d, scale), tf.sum(d, 0, true)] : [tf.mul(d, scale)];
    },
  );
}

/**
 * Cross-entropy of each row, and whether the target has the largest logit.
 * @param logits [N, V]
 * @param targets int32 [N]
 * @returns nll [N], correct float [N]
 */
export function crossEntropy(logits: tf.Tensor, targets: tf.Tensor): { nll: tf.Tensor; correct: tf.Tensor } {
  const classes = logits.shape[1]!;
  const oneHot = (t: tf.Tensor) => tf.oneHot(t, classes, 1, 0, 'float32');
  const largest = tf.max(logits, 1);
  // Adding zeros to one value is exact, so the comparison with the largest is too.
  const target = tf.sum(tf.mul(logits, oneHot(targets)), 1);
  const nll = withGradient(
    [logits],
    (save) => {
      const shifted = tf.sub(logits, tf.expandDims(largest, 1));
      const logSum = tf.add(tf.log(tf.sum(tf.exp(shifted), 1)), largest);
      save([logits, logSum, targets]);
      return tf.sub(logSum, target);
    },
    (dy, saved) => {
      const [logits, logSum, targets] = saved as [tf.Tensor, tf.Tensor, tf.Tensor];
      const probabilities = tf.exp(tf.sub(logits, tf.expandDims(logSum, 1)));
      return [tf.mul(tf.sub(probabilities, oneHot(targets)), tf.expandDims(dy, 1))];
    },
  );
  return { nll, correct: tf.cast(tf.greaterEqual(target, largest), 'float32') };
}

/** Binary cross-entropy of logits with labels 0 or 1, elementwise. */
export function binaryCrossEntropy(logits: tf.Tensor, labels: tf.Tensor): tf.Tensor {
  return withGradient(
    [logits],
    (save) => {
      save([logits, labels]);
      return tf.sub(tf.softplus(logits), tf.mul(logits, labels));
    },
    (dy, saved) => [tf.mul(dy, tf.sub(tf.sigmoid(saved[0]!), saved[1]!))],
  );
}
