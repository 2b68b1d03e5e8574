import * as tf from '@tensorflow/tfjs';
import type { EncoderConfig } from '@orestes/contracts';
import { remat, type RandomStream, type Tensors } from '@orestes/engine';
import { relativeBuckets } from './buckets.js';
import { attentionWeights, gelu, layerNorm, linear, rows } from './ops.js';

export interface EncoderInputs {
  /** int32 [B, S] */
  tokens: tf.Tensor;
  /** int32 [B]: tokens that are not padding */
  length: tf.Tensor;
}

export interface EncoderMode {
  /** Random numbers of dropout; null: evaluation. */
  dropout: RandomStream | null;
  /** Name of the word table where it isn't the encoder's own. */
  word?: string | undefined;
  /** Recompute each layer in the backward pass. */
  remat?: boolean;
  /** Sets a branch's omega from its input x and output f, both [B*S, D] (Admin's profile); null: as the parameter is. */
  omega?: ((name: string, x: tf.Tensor, f: tf.Tensor) => tf.Tensor | null) | undefined;
}

/** What every layer of one forward pass shares. */
interface Pass {
  config: EncoderConfig;
  mode: EncoderMode;
  /** [B, S] */
  shape: [number, number];
  /** [1, H, S, S], or null */
  bias: tf.Tensor | null;
  /** Makes [B, 1, 1, S]; where layers are computed twice, each makes its own. */
  mask: () => tf.Tensor;
}

/**
 * The encoder of docs/model.md.
 * @param p parameters by full name
 * @returns hidden states [B*S, D]
 */
export function encode(
  p: Tensors,
  prefix: string,
  config: EncoderConfig,
  inputs: EncoderInputs,
  mode: EncoderMode,
): tf.Tensor {
  const shape = inputs.tokens.shape as [number, number];
  const bias = relativeBias(p, prefix, config, shape[1]);
  const mask = paddingMask(inputs.length, shape);
  const makeMask = mode.remat ? () => paddingMask(inputs.length, shape) : () => mask;
  const pass: Pass = { config, mode, shape, bias, mask: makeMask };
  let x = embed(p, prefix, inputs.tokens, pass);
  for (let i = 0; i < config.layers; i++) x = (mode.remat ? rematLayer : layer)(p, `${prefix}/layer_${i}`, x, pass);
  return x;
}

/** A layer that is computed again in the backward pass, with the same random numbers, instead of kept. */
function rematLayer(p: Tensors, name: string, x: tf.Tensor, pass: Pass): tf.Tensor {
  const names = Object.keys(p).filter((n) => n.startsWith(`${name}/`));
  const start = pass.mode.dropout?.copy() ?? null;
  const compute = (x: tf.Tensor, ...rest: tf.Tensor[]) => {
    const dropout = start?.copy() ?? null;
    const bias = pass.bias && rest[names.length]!;
    const own = Object.fromEntries(names.map((n, i) => [n, rest[i]!]));
    const y = layer(own, name, x, { ...pass, bias, mode: { ...pass.mode, dropout } });
    // The backward pass finds the stream far ahead: it must not be moved back then.
    if (dropout && !done) pass.mode.dropout?.follow(dropout);
    done = true;
    return y;
  };
  let done = false;
  return remat(compute, [x, ...names.map((n) => p[n]!), ...(pass.bias ? [pass.bias] : [])]);
}

/** Tokens int32 [B, S] to [B*S, D]. */
function embed(p: Tensors, prefix: string, tokens: tf.Tensor, { config, mode, shape }: Pass): tf.Tensor {
  const [batch, length] = shape;
  const name = `${prefix}/embeddings`;
  let x = rows(p[mode.word ?? `${name}/word`]!, tf.reshape(tokens, [batch * length]));
  if (config.absolutePositions !== null) {
    const positions = tf.slice(p[`${name}/position`]!, [0, 0], [length, config.embedding]);
    x = tf.reshape(tf.add(tf.reshape(x, [batch, length, config.embedding]), positions), [
      batch * length,
      config.embedding,
    ]);
  }
  x = dropped(layerNorm(p, `${name}/norm`, x), config.dropout, mode);
  return config.embedding === config.hidden ? x : linear(p, `${name}/project`, x);
}

function layer(p: Tensors, name: string, x: tf.Tensor, pass: Pass): tf.Tensor {
  const attended = residual(p, `${name}/attention`, x, attention(p, `${name}/attention`, x, pass), pass);
  const inner = gelu(linear(p, `${name}/ffn/in`, attended));
  return residual(p, `${name}/ffn`, attended, linear(p, `${name}/ffn/out`, inner), pass);
}

/** LN(omega * x + dropout(f)); omega [D] weighs the residual stream (Admin). */
function residual(p: Tensors, name: string, x: tf.Tensor, f: tf.Tensor, { config, mode }: Pass): tf.Tensor {
  const branch = dropped(f, config.dropout, mode);
  const omega = mode.omega?.(name, x, branch) ?? p[`${name}/omega`];
  return layerNorm(p, `${name}/norm`, tf.add(omega ? tf.mul(x, omega) : x, branch));
}

/** Multi-head self-attention: x [B*S, D] to [B*S, D]. */
function attention(p: Tensors, name: string, x: tf.Tensor, { config, mode, shape, bias, mask }: Pass): tf.Tensor {
  const [batch, length] = shape;
  const width = config.hidden / config.heads;
  // [B*S, D] to [B, H, S, D/H]
  const heads = (part: string) =>
    tf.transpose(tf.reshape(linear(p, `${name}/${part}`, x), [batch, length, config.heads, width]), [0, 2, 1, 3]);
  const scores = tf.matMul(heads('query'), heads('key'), false, true);
  const weights = dropped(attentionWeights(scores, 1 / Math.sqrt(width), bias, mask()), config.attentionDropout, mode);
  const mixed = tf.transpose(tf.matMul(weights, heads('value')), [0, 2, 1, 3]);
  return linear(p, `${name}/output`, tf.reshape(mixed, [batch * length, config.hidden]));
}

/** T5 bias [1, H, S, S] from the table [buckets, H], shared by all layers (Raffel et al. 2019, sec. 2.1). */
function relativeBias(p: Tensors, prefix: string, config: EncoderConfig, length: number): tf.Tensor | null {
  if (!config.relativeBias) return null;
  const buckets = tf.tensor1d(relativeBuckets(config.relativeBias, length), 'int32');
  const bias = rows(p[`${prefix}/relative_bias`]!, buckets);
  return tf.reshape(tf.transpose(bias, [1, 0]), [1, config.heads, length, length]);
}

/** [B, 1, 1, S]: 0 where the key is a token, -1e9 where it is padding. */
function paddingMask(lengths: tf.Tensor, [batch, length]: [number, number]): tf.Tensor {
  const positions = tf.reshape(tf.range(0, length, 1, 'int32'), [1, 1, 1, length]);
  const padding = tf.greaterEqual(positions, tf.reshape(lengths, [batch, 1, 1, 1]));
  return tf.mul(tf.cast(padding, 'float32'), -1e9);
}

const dropped = (x: tf.Tensor, rate: number, mode: EncoderMode) => mode.dropout?.dropout(x, rate) ?? x;
