import { beforeAll, describe, expect, it } from '@jest/globals';
import type { EncoderConfig } from '@orestes/contracts';
import { EagerEngine, RandomStream, stepKey, type HostArrays, type Tensors } from '@orestes/engine';
import * as tf from '@tensorflow/tfjs';
import { encode, type EncoderMode } from './encoder.js';
import { classifierLogits, mlmLogits, rtdLogits } from './heads.js';
import { initialize } from './initialize.js';
import { classifierParameters, encoderParameters, mlmHeadParameters, rtdHeadParameters } from './parameters.js';

beforeAll(() => EagerEngine.create('cpu'));

const V = 11;
const relative: EncoderConfig = {
  layers: 2,
  hidden: 8,
  heads: 2,
  ffn: 12,
  embedding: 8,
  relativeBias: { buckets: 8, maxDistance: 16, form: 't5' },
  absolutePositions: null,
  admin: 'constant',
  dropout: 0.1,
  attentionDropout: 0.1,
  initializerStd: 0.3,
};
const absolute: EncoderConfig = { ...relative, embedding: 6, relativeBias: null, absolutePositions: 7, admin: 'none' };

const parameterSpecs = (config: EncoderConfig) => ({
  ...encoderParameters('e', config, V),
  ...mlmHeadParameters('e', config, V),
  ...rtdHeadParameters('e', config),
  ...classifierParameters('e', config, 3),
});

function parameters(config: EncoderConfig, change: (arrays: HostArrays) => void = () => undefined): Tensors {
  const specs = parameterSpecs(config);
  const arrays = initialize(specs, 5);
  change(arrays);
  return Object.fromEntries(Object.entries(specs).map(([name, { shape }]) => [name, tf.tensor(arrays[name]!, shape)]));
}

const TOKENS = [1, 5, 6, 7, 2, 1, 8, 2, 0, 0];
const inputs = (tokens: number[] = TOKENS) => ({
  tokens: tf.tensor2d(tokens, [2, 5], 'int32'),
  length: tf.tensor1d([5, 3], 'int32'),
});
const stream = () => new RandomStream(tf.tensor1d([...stepKey(1, 1)], 'int32'));

/** One number that depends on every head. */
function total(p: Tensors, config: EncoderConfig, mode: EncoderMode): tf.Scalar {
  const hidden = encode(p, 'e', config, inputs(), mode);
  const positions = tf.tensor2d([1, 3, 1, 0], [2, 2], 'int32');
  const heads = [
    tf.logSumExp(mlmLogits(p, 'e', config, hidden, positions), 1),
    rtdLogits(p, 'e', hidden, 2),
    classifierLogits(p, 'e', config, hidden, 2, null),
  ];
  return heads.map((h) => tf.sum(tf.square(h))).reduce((a, b) => tf.add(a, b)) as tf.Scalar;
}

describe.each([
  ['relative positions, Admin', relative],
  ['absolute positions, a narrow embedding', absolute],
])('an encoder with %s', (_, config) => {
  it('gives [B*S, D], and does not see padding', async () => {
    const p = parameters(config);
    const hidden = encode(p, 'e', config, inputs(), { dropout: null });
    expect(hidden.shape).toEqual([10, 8]);
    const padded = TOKENS.slice(0, 8).concat([9, 3]);
    const other = encode(p, 'e', config, inputs(padded), { dropout: null });
    const real = (t: tf.Tensor) => t.slice([0, 0], [8, 8]).data();
    expect(await real(other)).toEqual(await real(hidden));
  });

  it('has gradients that finite differences confirm, for every parameter', async () => {
    const names = Object.keys(parameterSpecs(config));
    const p = parameters(config);
    const gradients = tf.grads((...xs: tf.Tensor[]) =>
      total(Object.fromEntries(names.map((n, i) => [n, xs[i]!])), config, { dropout: null }),
    )(names.map((n) => p[n]!));
    const value = async (name: string, at: number, by: number) => {
      const moved = parameters(config, (arrays) => (arrays[name]![at]! += by));
      return (await total(moved, config, { dropout: null }).data())[0]!;
    };
    for (const [k, name] of names.entries()) {
      const gradient = await gradients[k]!.data();
      const sizes = Array.from(gradient, Math.abs);
      const at = sizes.indexOf(Math.max(...sizes));
      if (name.endsWith('/key/bias')) {
        // A shift of all scores of a query leaves its softmax as it is.
        expect(sizes[at]).toBeLessThan(1e-3);
        continue;
      }
      const want = ((await value(name, at, 0.01)) - (await value(name, at, -0.01))) / 0.02;
      expect(sizes[at]).toBeGreaterThan(1e-4);
      expect(Math.abs(gradient[at]! - want) / Math.abs(want)).toBeLessThan(0.03);
    }
  });

  it('recomputes its layers with the same dropout', async () => {
    const names = Object.keys(parameterSpecs(config));
    const p = parameters(config);
    const run = (remat: boolean) => {
      const own = stream();
      const { value, grads } = tf.valueAndGrads((...xs: tf.Tensor[]) =>
        total(Object.fromEntries(names.map((n, i) => [n, xs[i]!])), config, { dropout: own, remat }),
      )(names.map((n) => p[n]!));
      return { tensors: [value, ...grads], next: own.uniform([3]) };
    };
    const [kept, again] = [run(false), run(true)];
    for (const [i, t] of kept.tensors.entries()) expect(await again.tensors[i]!.data()).toEqual(await t.data());
    expect(await again.next.data()).toEqual(await kept.next.data());
  });
});

describe('dropout', () => {
  it('changes with the key and is off in evaluation', async () => {
    const p = parameters(relative);
    const hidden = (mode: EncoderMode) => encode(p, 'e', relative, inputs(), mode).data();
    const still = await hidden({ dropout: null });
    expect(await hidden({ dropout: stream() })).toEqual(await hidden({ dropout: stream() }));
    expect(await hidden({ dropout: stream() })).not.toEqual(still);
  });
});
