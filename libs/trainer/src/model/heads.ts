import * as tf from '@tensorflow/tfjs';
import type { EncoderConfig } from '@orestes/contracts';
import type { RandomStream, Tensors } from '@orestes/engine';
import { gelu, layerNorm, linear } from './ops.js';

/**
 * Logits over the vocabulary at selected positions.
 * @param hidden [B*S, D]
 * @param positions int32 [B, M]
 * @param word name of the word table, where it isn't the encoder's own
 * @returns [B*M, V]
 */
export function mlmLogits(
  p: Tensors,
  prefix: string,
  config: EncoderConfig,
  hidden: tf.Tensor,
  positions: tf.Tensor,
  word = `${prefix}/embeddings/word`,
): tf.Tensor {
  const selected = selectPositions(hidden, positions, config.hidden);
  const h = layerNorm(p, `${prefix}/mlm/norm`, gelu(linear(p, `${prefix}/mlm/dense`, selected)));
  return tf.add(tf.matMul(h, p[word]!, false, true), p[`${prefix}/mlm/bias`]!);
}

/**
 * Rows of hidden [B*S, D] at positions [B, M]: [B*M, D]. A product with a one-hot matrix [B, M, S] is exact, has products
 * for gradients, and stays within a sequence, so that a batch split over devices needs no exchange.
 */
function selectPositions(hidden: tf.Tensor, positions: tf.Tensor, width: number): tf.Tensor {
  const [batch, selections] = positions.shape as [number, number];
  const sequences = tf.reshape(hidden, [batch, -1, width]);
  const selector = tf.oneHot(positions, sequences.shape[1]!, 1, 0, 'float32');
  return tf.reshape(tf.matMul(selector, sequences), [batch * selections, width]);
}

/** Logit that each token was replaced: hidden [B*S, D] to [B, S]. */
export function rtdLogits(p: Tensors, prefix: string, hidden: tf.Tensor, batch: number): tf.Tensor {
  const inner = gelu(linear(p, `${prefix}/rtd/dense`, hidden));
  return tf.reshape(linear(p, `${prefix}/rtd/out`, inner), [batch, -1]);
}

/** Classification on the first token: hidden [B*S, D] to [B, C]. `dropout` null: evaluation. */
export function classifierLogits(
  p: Tensors,
  prefix: string,
  config: EncoderConfig,
  hidden: tf.Tensor,
  batch: number,
  dropout: RandomStream | null,
): tf.Tensor {
  const drop = (x: tf.Tensor) => dropout?.dropout(x, config.dropout) ?? x;
  const sequences = tf.reshape(hidden, [batch, -1, config.hidden]);
  const first = tf.reshape(tf.slice(sequences, [0, 0, 0], [batch, 1, config.hidden]), [batch, config.hidden]);
  const inner = tf.tanh(linear(p, `${prefix}/classifier/dense`, drop(first)));
  return linear(p, `${prefix}/classifier/out`, drop(inner));
}
