import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import * as tf from '@tensorflow/tfjs';
import type { Tensors } from './engine.js';
import { expectClose } from './testing/close.js';
import { float, runOnce } from './testing/run.js';
import { XlaEngine } from './xla.js';

/** The same function twice: as tfjs ops, and in plain float64 arithmetic on rows of 4. */
interface Pair {
  ops: (x: tf.Tensor, y: tf.Tensor) => tf.Tensor;
  plain: (x: number[], y: number[]) => number[];
}

const N = 12;
const COLUMNS = 4;

const each =
  (f: (x: number, y: number) => number): Pair['plain'] =>
  (x, y) =>
    x.map((v, i) => f(v, y[i]!));
const rows = (x: number[]) => Array.from({ length: N / COLUMNS }, (_, r) => x.slice(r * COLUMNS, (r + 1) * COLUMNS));
const perRow =
  (f: (row: number[]) => number[]): Pair['plain'] =>
  (x) =>
    rows(x).flatMap(f);
const sum = (values: number[]) => values.reduce((a, b) => a + b, 0);

/** erf(x) = 2 / sqrt(pi) * sum of (-1)^n x^(2n+1) / (n! (2n+1)). */
function erf(x: number): number {
  let [term, total] = [x, x];
  for (let n = 1; n < 60; n++) {
    term *= (-x * x) / n;
    total += term / (2 * n + 1);
  }
  return (2 / Math.sqrt(Math.PI)) * total;
}

const softmax = (row: number[]) => {
  const e = row.map((v) => Math.exp(v - Math.max(...row)));
  return e.map((v) => v / sum(e));
};
const normalized = (row: number[]) => {
  const mean = sum(row) / COLUMNS;
  const variance = sum(row.map((v) => (v - mean) ** 2)) / COLUMNS;
  return row.map((v) => (v - mean) / Math.sqrt(variance + 1e-5));
};

const PAIRS: Record<string, Pair> = {
  exp: { ops: tf.exp, plain: each(Math.exp) },
  expm1: { ops: tf.expm1, plain: each(Math.expm1) },
  tanh: { ops: tf.tanh, plain: each(Math.tanh) },
  sin: { ops: tf.sin, plain: each(Math.sin) },
  cos: { ops: tf.cos, plain: each(Math.cos) },
  erf: { ops: tf.erf, plain: each(erf) },
  sigmoid: { ops: tf.sigmoid, plain: each((x) => 1 / (1 + Math.exp(-x))) },
  softplus: { ops: tf.softplus, plain: each((x) => Math.log1p(Math.exp(x))) },
  elu: { ops: tf.elu, plain: each((x) => (x >= 0 ? x : Math.expm1(x))) },
  log: { ops: (_, y) => tf.log(y), plain: each((_, y) => Math.log(y)) },
  log1p: { ops: (_, y) => tf.log1p(y), plain: each((_, y) => Math.log1p(y)) },
  sqrt: { ops: (_, y) => tf.sqrt(y), plain: each((_, y) => Math.sqrt(y)) },
  rsqrt: { ops: (_, y) => tf.rsqrt(y), plain: each((_, y) => 1 / Math.sqrt(y)) },
  'x / y': { ops: tf.div, plain: each((x, y) => x / y) },
  'x * y - x': { ops: (x, y) => tf.sub(tf.mul(x, y), x), plain: each((x, y) => x * y - x) },
  'y ** x': { ops: (x, y) => tf.pow(y, x), plain: each((x, y) => y ** x) },
  '(x - y)^2': { ops: tf.squaredDifference, plain: each((x, y) => (x - y) ** 2) },
  'max(x, y - 1)': { ops: (x, y) => tf.maximum(x, tf.sub(y, 1)), plain: each((x, y) => Math.max(x, y - 1)) },
  softmax: { ops: (x) => tf.softmax(tf.reshape(x, [-1, COLUMNS])), plain: perRow(softmax) },
  'log of softmax': {
    ops: (x) => tf.logSoftmax(tf.reshape(x, [-1, COLUMNS])),
    plain: perRow((row) => softmax(row).map(Math.log)),
  },
  'layer norm': {
    ops: (x) => {
      const matrix = tf.reshape(x, [-1, COLUMNS]);
      const centered = tf.sub(matrix, tf.mean(matrix, -1, true));
      return tf.mul(centered, tf.rsqrt(tf.add(tf.mean(tf.square(centered), -1, true), 1e-5)));
    },
    plain: perRow(normalized),
  },
  'cumulative sum of rows': {
    ops: (x) => tf.cumsum(tf.reshape(x, [-1, COLUMNS]), 0),
    plain: (x) => x.map((_, i) => sum(x.filter((_, j) => j <= i && j % COLUMNS === i % COLUMNS))),
  },
  'x y^T': {
    ops: (x, y) => tf.matMul(tf.reshape(x, [-1, COLUMNS]), tf.reshape(y, [-1, COLUMNS]), false, true),
    plain: (x, y) => rows(x).flatMap((a) => rows(y).map((b) => sum(a.map((v, i) => v * b[i]!)))),
  },
  'rows 2, 0, 2': {
    ops: (x) => tf.gather(tf.reshape(x, [-1, COLUMNS]), tf.tensor1d([2, 0, 2], 'int32')),
    plain: (x) => [2, 0, 2].flatMap((r) => rows(x)[r]!),
  },
};

const x = Array.from({ length: N }, (_, i) => Math.fround(Math.sin(3 * i + 0.3) * 1.4));
const y = Array.from({ length: N }, (_, i) => Math.fround(Math.cos(2 * i) / 2 + 1.2));
const weight = (i: number) => Math.fround(Math.sin(5 * i) + 1.5);

/** Central differences of the weighted sum, in float64: exact to about 1e-9. */
function differences(plain: Pair['plain'], at: number[], rebuilt: (moved: number[]) => [number[], number[]]): number[] {
  const h = 1e-5;
  const loss = (values: number[]) => sum(plain(...rebuilt(values)).map((v, i) => v * weight(i)));
  const moved = (i: number, by: number) => at.map((v, j) => (j === i ? v + by : v));
  return at.map((_, i) => (loss(moved(i, h)) - loss(moved(i, -h))) / (2 * h));
}

let engine: XlaEngine;
beforeAll(() => {
  engine = XlaEngine.create('cpu', 1);
});
afterAll(() => engine.dispose());

describe('values and gradients on xla against float64 and its differences', () => {
  it.each(Object.keys(PAIRS))('%s', async (name) => {
    const { ops, plain } = PAIRS[name]!;
    const step = ({ x, y }: Tensors) => {
      const value = ops(x!, y!);
      const weights = tf.tensor(
        Float32Array.from({ length: value.size }, (_, i) => weight(i)),
        value.shape,
      );
      const [dx, dy] = tf.grads((a: tf.Tensor, b: tf.Tensor) =>
        // Both inputs take part, or tfjs refuses to differentiate.
        tf.add(tf.sum(tf.mul(ops(a, b), weights)), tf.mul(tf.add(tf.sum(a), tf.sum(b)), 0)),
      )([x!, y!]);
      return { value, dx: dx!, dy: dy! };
    };
    const got = await runOnce(
      engine,
      step,
      { x: float(N), y: float(N) },
      { x: Float32Array.from(x), y: Float32Array.from(y) },
    );
    const tolerance = { relative: 1e-5, absolute: 2e-6 };
    expectClose(name, got['value']!, plain(x, y), tolerance);
    expectClose(
      `${name}, dx`,
      got['dx']!,
      differences(plain, x, (moved) => [moved, y]),
      tolerance,
    );
    expectClose(
      `${name}, dy`,
      got['dy']!,
      differences(plain, y, (moved) => [x, moved]),
      tolerance,
    );
    expect(got['value']!.some((v) => v !== 0)).toBe(true);
  });
});
