import * as tf from '@tensorflow/tfjs';
import { boolsOf, floats, floatsOf, intsOf, op, type OpCase, type OpTable, valueOnly } from './case.js';

type Reduce = (x: tf.Tensor, axis?: number | number[], keepDims?: boolean) => tf.Tensor;

const reductions = (f: Reduce): OpCase[] => [
  op('all', [floats(2, 3, 4)], (x) => f(x)),
  op('first axis', [floats(2, 3, 4)], (x) => f(x, 0)),
  op('negative axis, kept', [floats(2, 3, 4)], (x) => f(x, -1, true)),
  op('two axes, kept', [floats(2, 3, 4)], (x) => f(x, [0, 2], true)),
  op('a scalar', [floatsOf([3], [])], (x) => f(x)),
  op('axis of size 1', [floats(3, 1)], (x) => f(x, 1)),
  valueOnly('not finite', [floatsOf([1, Infinity, 2, NaN, -Infinity, 3], [3, 2])], (x) => f(x, 1)),
];
const ofInts = (f: Reduce) => valueOnly('integers', [intsOf([3, -7, 2, -5, -1, -9], [2, 3])], (x) => f(x, 1));
const ofBools = (f: Reduce) => valueOnly('bools', [boolsOf([1, 0, 1, 1], [2, 2])], (x) => f(x, 1));
const ofNothing = (f: Reduce) => valueOnly('no elements', [floatsOf([], [2, 0])], (x) => f(x, 1));

const truth = (f: Reduce): OpCase[] => [
  valueOnly('all', [boolsOf([1, 0, 1, 1], [2, 2])], (x) => f(x)),
  valueOnly('last axis, kept', [boolsOf([1, 0, 1, 1], [2, 2])], (x) => f(x, -1, true)),
];

const positions = (f: (x: tf.Tensor, axis?: number) => tf.Tensor): OpCase[] => [
  valueOnly('last axis', [floats(3, 5)], (x) => f(x, -1)),
  valueOnly('first axis', [floats(3, 5)], (x) => f(x, 0)),
  valueOnly('the first of equals', [floatsOf([1, 3, 3, 0, 0, 3], [2, 3])], (x) => f(x, 1)),
  valueOnly('infinities', [floatsOf([-Infinity, -Infinity, 1, Infinity], [2, 2])], (x) => f(x, 1)),
  valueOnly('integers, all negative', [intsOf([-5, -3, -9])], (x) => f(x)),
  valueOnly('integers, all positive', [intsOf([5, 3, 9])], (x) => f(x)),
];

const softmaxes = (f: (x: tf.Tensor) => tf.Tensor): OpCase[] => [
  op('rows', [floats(3, 5)], (x) => f(x)),
  op('rank 4', [floats(2, 2, 3, 4)], (x) => f(x)),
  op('one value', [floats(3, 1)], (x) => f(x)),
  op('large values', [floatsOf([1000, 1001, 999, -1000, -1001, -1e9], [2, 3])], (x) => f(x)),
  valueOnly('minus infinity', [floatsOf([0, -Infinity, 1])], (x) => f(x)),
];

export const reductionTable: OpTable = {
  Sum: [...reductions(tf.sum), ofInts(tf.sum), ofBools(tf.sum), ofNothing(tf.sum)],
  Mean: [...reductions(tf.mean), ofInts(tf.mean), ofBools(tf.mean)],
  // Its gradient needs Cumprod, which has no lowering.
  Prod: [...reductions(tf.prod).map((c) => valueOnly(c.what, c.inputs, c.f)), ofInts(tf.prod), ofNothing(tf.prod)],
  Max: [...reductions(tf.max), ofInts(tf.max)],
  Min: [...reductions(tf.min), ofInts(tf.min)],
  All: truth(tf.all),
  Any: truth(tf.any),
  ArgMax: positions(tf.argMax),
  ArgMin: positions(tf.argMin),
  Cumsum: [
    op('first axis', [floats(4, 3)], (x) => tf.cumsum(x)),
    op('last axis', [floats(2, 3, 4)], (x) => tf.cumsum(x, 2)),
    op('exclusive', [floats(4, 3)], (x) => tf.cumsum(x, 0, true)),
    op('reverse', [floats(4, 3)], (x) => tf.cumsum(x, 0, false, true)),
    op('exclusive reverse', [floats(2, 4)], (x) => tf.cumsum(x, 1, true, true)),
    valueOnly('integers', [intsOf([3, -1, 4, 1])], (x) => tf.cumsum(x)),
  ],
  Softmax: softmaxes(tf.softmax),
};
