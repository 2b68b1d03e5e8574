import type * as tf from '@tensorflow/tfjs';
import type { EncoderConfig } from '@orestes/contracts';
import type { RandomStream, Tensors } from '@orestes/engine';
import type { EncoderMode } from '../model/encoder.js';
import type { ParameterSpecs } from '../model/parameters.js';

/** A pretraining batch, or a micro-batch of it, in the graph. Shapes: docs/model.md, "One pretraining step". */
export interface MaskedBatch {
  tokens: tf.Tensor;
  masked: tf.Tensor;
  length: tf.Tensor;
  positions: tf.Tensor;
  weights: tf.Tensor;
  slot: tf.Tensor;
}

export interface StageContext {
  batch: MaskedBatch;
  stream: RandomStream;
  /** Dropout is on. */
  training: boolean;
  remat: boolean;
  /** Denominators over the whole batch, float []: selections made, and tokens that are not padding. */
  totals: { selections: tf.Tensor; tokens: tf.Tensor };
  /** What earlier stages left. */
  passed: Tensors;
  /** Admin's profile of an encoder, where one is taken. */
  omega?: (encoder: string) => NonNullable<EncoderMode['omega']>;
}

export interface StageResult {
  /** Mean over the whole batch's denominator: losses of micro-batches add up. */
  loss: tf.Tensor;
  /** Reported scalars; those of micro-batches add up. */
  sums: Tensors;
  /** Reported tensors [B, ...], one row a sequence. */
  rows: Tensors;
  /** For later stages; no gradient flows through it. */
  passed: Tensors;
}

/** One loss of an objective. */
export interface Stage {
  /** Prefix of the parameters that the loss trains. */
  encoder: string;
  /** `loss_weight` (lambda) scales the loss. */
  weighted: boolean;
  run(p: Tensors, context: StageContext): StageResult;
}

/** What is trained, and by which losses, in order. */
export interface PretrainObjective {
  encoders: Readonly<Record<string, EncoderConfig>>;
  parameters: (vocabularySize: number) => ParameterSpecs;
  stages: readonly Stage[];
}
