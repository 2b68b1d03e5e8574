import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { EncoderConfig, Optimizer } from '@orestes/contracts';
import { EagerEngine, threefry } from '@orestes/engine';
import { initialize } from '../model/initialize.js';
import { classifierParameters, encoderParameters } from '../model/parameters.js';
import { evaluationBatches, type EncodedExample } from './batches.js';
import type { Classifier } from './steps.js';
import { Training, type TrainingOptions } from './training.js';

const config: EncoderConfig = {
  layers: 1,
  hidden: 8,
  heads: 2,
  ffn: 16,
  embedding: 8,
  relativeBias: { buckets: 8, maxDistance: 16, form: 't5' },
  absolutePositions: null,
  admin: 'none',
  dropout: 0.1,
  attentionDropout: 0.1,
  initializerStd: 0.1,
};
const adamax: Optimizer = {
  name: 'adamax',
  peakLearningRate: 0.02,
  beta1: 0.9,
  beta2: 0.98,
  epsilon: 1e-6,
  weightDecay: 0.01,
  decay: 'all',
  clipNorm: 1,
};
const options: TrainingOptions = {
  batchSize: 8,
  maxLength: 16,
  maxSteps: 30,
  warmupSteps: 4,
  seed: 3,
  precision: 'f32',
  padding: 0,
};

const draw = (n: number, below: number) => (threefry([9, 9], [n, 0])[0] >>> 0) % below;
/** Class 1 has token 9 somewhere. Tokens 5 to 8 fill up. */
const examples: EncodedExample[] = Array.from({ length: 32 }, (_, i) => {
  const words = Array.from({ length: 3 + draw(i, 6) }, (_, j) => 5 + draw(100 * i + j, 4));
  if (i % 2 === 1) words[draw(i + 50, words.length)] = 9;
  return { tokens: Int32Array.from([1, ...words, 2]), target: i % 2 };
});

let engine: EagerEngine;
beforeAll(async () => {
  engine = await EagerEngine.create('cpu');
});
const open: Training[] = [];
afterAll(() => open.forEach((training) => training.dispose()));

function training(
  changes: Partial<TrainingOptions> = {},
  model: Partial<Classifier> = {},
  optimizer = adamax,
): Training {
  const classifier: Classifier = { prefix: 'encoder', config, outputs: 2, scores: false, remat: false, ...model };
  const parameters = {
    ...encoderParameters('encoder', classifier.config, 12),
    ...classifierParameters('encoder', classifier.config, classifier.outputs),
  };
  const group = { name: 'finetune', optimizer, parameters: Object.keys(parameters) };
  const result = new Training(engine, classifier, group, parameters, { ...options, ...changes });
  result.load(initialize(parameters, options.seed));
  open.push(result);
  return result;
}

const still = { config: { ...config, dropout: 0, attentionDropout: 0 } };
const batches = evaluationBatches(
  examples.map((e) => e.tokens.length),
  options.batchSize,
  options.maxLength,
);

async function train(t: Training, steps: number): Promise<number[]> {
  const losses: number[] = [];
  for (let step = 1; step <= steps; step++)
    losses.push((await t.step(examples, batches[step % batches.length]!, step)).loss);
  return losses;
}

describe('Training', () => {
  it('learns which texts hold a token', async () => {
    const t = training();
    const losses = await train(t, 30);
    expect(losses[0]).toBeGreaterThan(0.5);
    const outputs = await t.outputs(examples);
    const right = examples.filter((e, i) => Number(outputs[2 * i + 1]! > outputs[2 * i]!) === e.target).length;
    expect(right).toBeGreaterThanOrEqual(30);
  });

  it.each([
    ['cross-entropy', { outputs: 2, scores: false }],
    ['squared error', { outputs: 1, scores: true }],
  ])('minimises the mean %s', async (_, model) => {
    const t = training({}, { ...still, ...model });
    const outputs = await t.outputs(examples);
    const each = batches[0]!.examples.map((i) => {
      const { target } = examples[i]!;
      if (model.scores) return (outputs[i]! - target) ** 2;
      return Math.log(1 + Math.exp(outputs[2 * i + 1 - target]! - outputs[2 * i + target]!));
    });
    const { loss } = await t.step(examples, batches[0]!, 1);
    expect(loss).toBeCloseTo(each.reduce((a, b) => a + b) / each.length, 5);
  });

  it('gives the same bits for the same seed, and others for another', async () => {
    const run = async (seed: number) => {
      const t = training({ seed });
      const losses = await train(t, 3);
      return { losses, arrays: await t.download() };
    };
    const first = await run(3);
    expect(await run(3)).toEqual(first);
    expect((await run(4)).losses).not.toEqual(first.losses);
  });

  it('goes on exactly from downloaded arrays', async () => {
    const whole = training();
    const losses = await train(whole, 4);
    const half = training();
    await train(half, 2);
    const resumed = training();
    resumed.load(await half.download());
    const rest = [];
    for (let step = 3; step <= 4; step++)
      rest.push((await resumed.step(examples, batches[step % batches.length]!, step)).loss);
    expect(rest).toEqual(losses.slice(2));
    expect(await resumed.download()).toEqual(await whole.download());
  });

  it('trains on the mean of the rows that are there: filling up changes nothing', async () => {
    const few = { length: 16, examples: [0, 1, 2] };
    const [exact, filled] = [training({ batchSize: 3 }, still), training({ batchSize: 8 }, still)];
    const a = await exact.step(examples, few, 1);
    const b = await filled.step(examples, few, 1);
    expect(b.loss).toBeCloseTo(a.loss, 6);
    expect(b.gradientNorm).toBeCloseTo(a.gradientNorm, 5);
  });

  it('gives the same outputs for any batch size and padding', async () => {
    const [small, large] = [training({ batchSize: 2, maxLength: 10 }), training({ batchSize: 32 })];
    const [a, b] = [await small.outputs(examples), await large.outputs(examples)];
    a.forEach((value, i) => expect(value).toBeCloseTo(b[i]!, 5));
  });

  it('sets every omega by profile, the first to 1', async () => {
    const t = training({}, { config: { ...config, admin: 'profiled' } });
    await t.profile(examples, batches[0]!);
    const arrays = await t.download();
    const [attention, ffn] = ['attention', 'ffn'].map((b) => arrays[`encoder/layer_0/${b}/omega`]!);
    expect(new Set(attention)).toEqual(new Set([1]));
    expect(new Set(ffn).size).toBe(1);
    expect(ffn![0]).toBeGreaterThan(1);
  });

  it('stops in the step that is not finite', async () => {
    const t = training({}, {}, { ...adamax, peakLearningRate: 10, clipNorm: null });
    const arrays = await t.download();
    arrays['encoder/classifier/out/bias']![0] = Infinity;
    t.load(arrays);
    await expect(t.step(examples, batches[0]!, 1)).rejects.toMatchObject({ code: 'DIVERGED', exitCode: 1 });
    await expect(t.outputs(examples)).rejects.toMatchObject({ code: 'DIVERGED' });
  });
});
