import { beforeAll, expect, it } from '@jest/globals';
import { EagerEngine } from '@orestes/engine';
import * as tf from '@tensorflow/tfjs';
import { profiler } from './admin.js';

beforeAll(() => EagerEngine.create('cpu'));

it('accumulates variances over the branches', async () => {
  const { hook, omegas } = profiler((encoder) => encoder === 'generator');
  const x = tf.tensor2d([1, -1, 1, -1], [2, 2]); // variance 1
  const f = tf.tensor2d([2, 4, 2, 4], [2, 2]); // variance 1, mean 3
  const generator = hook('generator');
  generator('g/layer_0/attention', x, f);
  generator('g/layer_0/ffn', x, tf.mul(f, 2));
  generator('g/layer_1/attention', x, f);
  expect(hook('discriminator')('d/layer_0/attention', x, f)).toBeNull();
  const values = Object.fromEntries(
    await Promise.all(Object.entries(omegas).map(async ([name, t]) => [name, [...(await t.data())]])),
  ) as Record<string, number[]>;
  // 1; sqrt(1 + 1); sqrt(2 + 4)
  const expected = { attention0: 1, ffn0: Math.SQRT2, attention1: Math.sqrt(6) };
  expect(Object.keys(values)).toEqual([
    'g/layer_0/attention/omega',
    'g/layer_0/ffn/omega',
    'g/layer_1/attention/omega',
  ]);
  Object.values(expected).forEach((want, i) =>
    Object.values(values)[i]!.forEach((got) => expect(got).toBeCloseTo(want, 6)),
  );
});
