import * as tf from '@tensorflow/tfjs';
import type { EncoderConfig } from '@orestes/contracts';
import { RandomStream, type Specs, type Step, type Tensors } from '@orestes/engine';
import { KEY } from '../forward-step.js';
import { differentiate } from '../gradients.js';
import { profiler } from '../model/admin.js';
import { encode, type EncoderMode } from '../model/encoder.js';
import { classifierLogits } from '../model/heads.js';
import { crossEntropy } from '../model/ops.js';
import { hyperSpecs, updateGroup, type Group } from '../optimizers/group.js';

/** An encoder with a classification head. */
export interface Classifier {
  prefix: string;
  config: EncoderConfig;
  /** Classes; 1 for scores. */
  outputs: number;
  /** Regression: the one output is a normalised score. */
  scores: boolean;
  remat: boolean;
}

/** What an evaluation reads: B rows padded to S tokens. */
export const evaluationSpecs = (_c: Classifier, _g: Group, batchSize: number, length: number): Specs => ({
  tokens: { shape: [batchSize, length], dtype: 'int32' },
  length: { shape: [batchSize], dtype: 'int32' },
});

export const profileSpecs = (classifier: Classifier, group: Group, batchSize: number, length: number): Specs => ({
  ...evaluationSpecs(classifier, group, batchSize, length),
  ...KEY,
});

/** What a training step reads besides: targets, weights (rows of weight 0 count for nothing) and the optimizer's scalars. */
export const trainingSpecs = (classifier: Classifier, group: Group, batchSize: number, length: number): Specs => ({
  ...profileSpecs(classifier, group, batchSize, length),
  target: { shape: [batchSize], dtype: classifier.scores ? 'float32' : 'int32' },
  weight: { shape: [batchSize], dtype: 'float32' },
  ...hyperSpecs([group]),
});

/** Forward, loss, gradients, update. Outputs `loss` and `grad_norm`, float []. */
export function trainingStep(classifier: Classifier, group: Group): Step {
  return (state, batch) => {
    const parameters = Object.fromEntries(group.parameters.map((name) => [name, state[name]!]));
    const { gradients, aux } = differentiate(parameters, () => {
      const outputs = forward(classifier, state, batch, { dropout: new RandomStream(batch['key']!) });
      const loss = meanLoss(classifier, outputs, batch);
      return { loss, aux: { loss } };
    });
    const { state: next, norm } = updateGroup(group, state, gradients, batch);
    return { state: next, outputs: { loss: aux['loss']!, grad_norm: norm } };
  };
}

/** Forward without dropout. Output `outputs` [B, C]: logits, or the score. */
export function evaluationStep(classifier: Classifier): Step {
  return (state, batch) => ({
    state: {},
    outputs: { outputs: forward(classifier, state, batch, { dropout: null }) },
  });
}

/** Sets every omega by Admin's profile: one forward pass in training mode. */
export function profileStep(classifier: Classifier): Step {
  return (state, batch) => {
    const { hook, omegas } = profiler(() => true);
    const mode = { dropout: new RandomStream(batch['key']!), omega: hook(classifier.prefix) };
    forward(classifier, state, batch, mode);
    return { state: omegas, outputs: {} };
  };
}

/** [B, C] */
function forward(classifier: Classifier, p: Tensors, batch: Tensors, mode: EncoderMode): tf.Tensor {
  const { prefix, config, remat } = classifier;
  const inputs = { tokens: batch['tokens']!, length: batch['length']! };
  const hidden = encode(p, prefix, config, inputs, { ...mode, remat: remat && mode.dropout !== null });
  return classifierLogits(p, prefix, config, hidden, inputs.tokens.shape[0], mode.dropout);
}

/** Cross-entropy, or squared error of the score: mean over the rows by weight. */
function meanLoss({ scores }: Classifier, outputs: tf.Tensor, batch: Tensors): tf.Tensor {
  const target = batch['target']!;
  const each = scores ? tf.square(tf.sub(tf.reshape(outputs, [-1]), target)) : crossEntropy(outputs, target).nll;
  return tf.div(tf.sum(tf.mul(each, batch['weight']!)), tf.sum(batch['weight']!));
}
