import * as tf from '@tensorflow/tfjs';
import type { EncoderConfig } from '@orestes/contracts';
import { RandomStream, type Specs, type Step, type Tensors } from '@orestes/engine';
import { profiler } from './model/admin.js';
import type { MaskedBatch, Stage, StageContext } from './objectives/objective.js';

/** What the engine compiles: a step and the shapes of its inputs. */
export interface Compilable {
  state: Specs;
  batch: Specs;
  step: Step;
}

export const KEY: Specs = { key: { shape: [2], dtype: 'int32' } };

/** A masked batch: B sequences of S tokens, M selections each. */
export function batchSpecs(batchSize: number, length: number, selections: number): Specs {
  const int = (...rest: number[]) => ({ shape: [batchSize, ...rest], dtype: 'int32' }) as const;
  return {
    tokens: int(length),
    masked: int(length),
    length: int(),
    positions: int(selections),
    weights: { shape: [batchSize, selections], dtype: 'float32' },
    slot: int(length),
  };
}

/** Every stage in order; the loss is their sum, `lossWeight` times the weighted ones. */
export function runStages(stages: readonly Stage[], p: Tensors, context: StageContext, lossWeight: tf.Tensor) {
  let passed = context.passed;
  const losses: tf.Tensor[] = [];
  const outputs: Tensors = {};
  for (const stage of stages) {
    const result = stage.run(p, { ...context, passed });
    losses.push(stage.weighted ? tf.mul(result.loss, lossWeight) : result.loss);
    Object.assign(outputs, result.sums, result.rows);
    passed = { ...passed, ...result.passed };
  }
  return { loss: losses.reduce((a, b) => tf.add(a, b)), outputs, passed };
}

/** Forward without dropout: outputs of every stage. */
export function forwardStep(stages: readonly Stage[]): Step {
  return (state, batch) => {
    const masked = rowsOf(batch) as unknown as MaskedBatch;
    const context = { batch: masked, stream: new RandomStream(batch['key']!), training: false, remat: false };
    const { outputs } = runStages(stages, state, { ...context, totals: totalsOf(batch), passed: {} }, tf.scalar(1));
    return {
      state: {},
      outputs: { ...outputs, selections: totalsOf(batch).selections, tokens: totalsOf(batch).tokens },
    };
  };
}

/** Sets omega of the encoders whose Admin form is `profiled`, by one forward pass in training mode. */
export function profileStep(stages: readonly Stage[], encoders: Readonly<Record<string, EncoderConfig>>): Step {
  return (state, batch) => {
    const masked = rowsOf(batch) as unknown as MaskedBatch;
    const measured = profiler((encoder) => encoders[encoder]!.admin === 'profiled');
    const context = { batch: masked, stream: new RandomStream(batch['key']!), training: true, remat: false };
    runStages(stages, state, { ...context, totals: totalsOf(batch), passed: {}, omega: measured.hook }, tf.scalar(1));
    return { state: measured.omegas, outputs: {} };
  };
}

const ROWS = ['tokens', 'masked', 'length', 'positions', 'weights', 'slot'] as const;

export const rowsOf = (batch: Tensors): Tensors => Object.fromEntries(ROWS.map((name) => [name, batch[name]!]));

/** Denominators; at least 1, so that a batch without any selection has loss 0. */
export const totalsOf = (batch: Tensors) => ({
  selections: tf.maximum(tf.sum(batch['weights']!), 1),
  tokens: tf.maximum(tf.sum(tf.cast(batch['length']!, 'float32')), 1),
});
