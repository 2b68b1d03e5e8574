import { beforeAll, describe, expect, it } from '@jest/globals';
import { EagerEngine, threefry } from '@orestes/engine';
import * as tf from '@tensorflow/tfjs';
import { attentionWeights, binaryCrossEntropy, crossEntropy, gelu, layerNorm, linear, rows } from './ops.js';

beforeAll(() => EagerEngine.create('cpu'));

type Numbers = number[];

/** Numbers in [-1, 1), a function of the seed. */
const draw = (count: number, seed: number): Numbers =>
  Array.from({ length: count }, (_, n) => threefry([seed, 5], [n, 0])[0] / 2 ** 31);

const softmax = (x: Numbers) => {
  const e = x.map((v) => Math.exp(v - Math.max(...x)));
  return e.map((v) => v / e.reduce((a, b) => a + b, 0));
};
const chunks = (x: Numbers, size: number) =>
  Array.from({ length: x.length / size }, (_, i) => x.slice(i * size, (i + 1) * size));
const mean = (x: Numbers) => x.reduce((a, b) => a + b, 0) / x.length;

/** Abramowitz and Stegun's series of erf, to float64 precision for small x. */
function erf(x: number): number {
  let [term, sum] = [x, x];
  for (let n = 1; n < 60; n++) {
    term *= (-x * x) / n;
    sum += term / (2 * n + 1);
  }
  return (2 / Math.sqrt(Math.PI)) * sum;
}

interface Case {
  name: string;
  shapes: number[][];
  op: (...inputs: tf.Tensor[]) => tf.Tensor;
  /** The same in plain float64, on flat arrays. */
  reference: (...inputs: Numbers[]) => Numbers;
}

const cases: Case[] = [
  {
    name: 'linear',
    shapes: [[3, 2], [2, 4], [4]],
    op: (x, kernel, bias) => linear({ 'l/kernel': kernel, 'l/bias': bias }, 'l', x),
    reference: (x, k, b) => chunks(x, 2).flatMap((r) => b.map((v, j) => v + r[0]! * k[j]! + r[1]! * k[4 + j]!)),
  },
  {
    name: 'rows',
    shapes: [[4, 3]],
    op: (table) => rows(table, tf.tensor1d([2, 0, 2, 3, 2], 'int32')),
    reference: (table) => [2, 0, 2, 3, 2].flatMap((i) => table.slice(3 * i, 3 * i + 3)),
  },
  {
    name: 'layerNorm',
    shapes: [[3, 5], [5], [5]],
    op: (x, scale, bias) => layerNorm({ 'n/scale': scale, 'n/bias': bias }, 'n', x),
    reference: (x, scale, bias) =>
      chunks(x, 5).flatMap((row) => {
        const m = mean(row);
        const deviation = Math.sqrt(mean(row.map((v) => (v - m) ** 2)) + 1e-5);
        return row.map((v, i) => ((v - m) / deviation) * scale[i]! + bias[i]!);
      }),
  },
  {
    name: 'gelu',
    shapes: [[7]],
    op: (x) => gelu(tf.mul(x, 2)),
    reference: (x) => x.map((v) => v * (1 + erf(2 * v * Math.SQRT1_2))),
  },
  {
    name: 'attentionWeights',
    shapes: [
      [2, 2, 3, 3],
      [1, 2, 3, 3],
    ],
    op: (scores, bias) => attentionWeights(scores, 0.5, bias, tf.tensor4d([0, 0, 0, 0, 0, -1e9], [2, 1, 1, 3])),
    reference: (scores, bias) =>
      chunks(scores, 3).flatMap((row, r) =>
        softmax(row.map((s, j) => 0.5 * s + bias[(r % 6) * 3 + j]! - (r >= 6 && j === 2 ? 1e9 : 0))),
      ),
  },
  {
    name: 'attentionWeights without bias',
    shapes: [[1, 1, 2, 2]],
    op: (scores) => attentionWeights(scores, 2, null, tf.zeros([1, 1, 1, 2])),
    reference: (scores) => chunks(scores, 2).flatMap((row) => softmax(row.map((s) => 2 * s))),
  },
  {
    name: 'crossEntropy',
    shapes: [[3, 4]],
    op: (logits) => crossEntropy(logits, tf.tensor1d([1, 3, 0], 'int32')).nll,
    reference: (logits) => chunks(logits, 4).map((row, i) => -Math.log(softmax(row)[[1, 3, 0][i]!]!)),
  },
  {
    name: 'binaryCrossEntropy',
    shapes: [[4]],
    op: (logits) => binaryCrossEntropy(logits, tf.tensor1d([1, 0, 0, 1])),
    reference: (logits) => logits.map((l, i) => Math.log1p(Math.exp([1, 0, 0, 1][i] ? -l : l))),
  },
];

describe.each(cases)('$name', ({ shapes, op, reference }) => {
  const inputs = shapes.map((shape, i) => draw(tf.util.sizeFromShape(shape), i + 1));
  const tensors = () => shapes.map((shape, i) => tf.tensor(inputs[i]!, shape));

  it('equals the formula', async () => {
    const got = Array.from(await op(...tensors()).data());
    reference(...inputs).forEach((want, i) => expect(got[i]).toBeCloseTo(want, 5));
  });

  it('has the gradient that finite differences of the formula give', async () => {
    const weights = draw(reference(...inputs).length, 99);
    const loss = (...xs: Numbers[]) => reference(...xs).reduce((sum, v, i) => sum + v * weights[i]!, 0);
    const gradients = tf.grads((...xs: tf.Tensor[]) => tf.sum(tf.mul(tf.reshape(op(...xs), [-1]), weights)))(tensors());
    for (const [k, x] of inputs.entries()) {
      const got = await gradients[k]!.data();
      for (const i of x.keys()) {
        const moved = (by: number) => inputs.map((v, j) => (j === k ? v.with(i, v[i]! + by) : v));
        const want = (loss(...moved(1e-5)) - loss(...moved(-1e-5))) / 2e-5;
        expect(got[i]).toBeCloseTo(want, 4);
      }
    }
  });
});

describe('crossEntropy', () => {
  it('counts a row as correct when its target has the largest logit', async () => {
    const logits = tf.tensor2d([0.1, 0.9, -3, 2, 2.5, 1e3, 0, -1e3], [4, 2]);
    const { correct, nll } = crossEntropy(logits, tf.tensor1d([1, 0, 0, 0], 'int32'));
    expect([...(await correct.data())]).toEqual([1, 0, 0, 1]);
    expect((await nll.data())[2]).toBeCloseTo(1e3 - 2.5, 2);
  });
});
