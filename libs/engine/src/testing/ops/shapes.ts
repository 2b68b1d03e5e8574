import * as tf from '@tensorflow/tfjs';
import { boolsOf, floats, floatsOf, intsOf, op, type OpCase, type OpTable, valueOnly } from './case.js';

/** [begin, end, strides], and masks. */
const strided = (what: string, ...args: Tail<typeof tf.stridedSlice>): OpCase =>
  op(what, [floats(4, 3, 5)], (x) => tf.stridedSlice(x, ...args));
type Tail<F> = F extends (first: infer _, ...rest: infer R) => unknown ? R : never;

export const shapeTable: OpTable = {
  Reshape: [
    op('flat', [floats(2, 3)], (x) => tf.reshape(x, [6])),
    op('one size left open', [floats(2, 6)], (x) => tf.reshape(x, [3, -1])),
    op('to a scalar', [floats(1, 1)], (x) => tf.reshape(x, [])),
    op('squeezed', [floats(1, 3, 1)], (x) => tf.squeeze(x)),
    op('no elements', [floatsOf([], [0, 3])], (x) => tf.reshape(x, [3, 0])),
  ],
  ExpandDims: [
    op('first', [floats(2, 3)], (x) => tf.expandDims(x)),
    op('last, from the end', [floats(2, 3)], (x) => tf.expandDims(x, -1)),
    op('of a scalar', [floatsOf([2], [])], (x) => tf.expandDims(x)),
  ],
  Transpose: [
    op('matrix', [floats(2, 3)], (x) => tf.transpose(x)),
    op('heads', [floats(2, 3, 4, 5)], (x) => tf.transpose(x, [0, 2, 1, 3])),
    op('cycle', [floats(2, 3, 4)], (x) => tf.transpose(x, [2, 0, 1])),
    valueOnly('integers', [intsOf([1, 2, 3, 4], [2, 2])], (x) => tf.transpose(x)),
    valueOnly('bools', [boolsOf([1, 0, 0, 0], [2, 2])], (x) => tf.transpose(x)),
  ],
  Reverse: [
    op('one axis', [floats(2, 3)], (x) => tf.reverse(x, 1)),
    op('negative axis', [floats(2, 3, 2)], (x) => tf.reverse(x, -2)),
    op('all', [floats(2, 3)], (x) => tf.reverse(x)),
  ],
  Slice: [
    op('middle', [floats(4, 5)], (x) => tf.slice(x, [1, 2], [2, 3])),
    op('to the end', [floats(4, 5)], (x) => tf.slice(x, [1, 2], [-1, -1])),
    op('leading axes only', [floats(4, 5)], (x) => tf.slice(x, 2)),
    op('nothing', [floats(4, 5)], (x) => tf.slice(x, [1, 1], [0, 2])),
    valueOnly('integers', [intsOf([1, 2, 3])], (x) => tf.slice(x, [1], [1])),
  ],
  StridedSlice: [
    strided('every second', [0, 0, 0], [4, 3, 5], [2, 1, 2]),
    strided('negative stride', [3, 2, 4], [0, 0, 1], [-1, -2, -3]),
    strided('negative stride to the front', [-1, 0, 0], [-5, 3, 5], [-2, 1, 1]),
    strided('negative positions', [-3, -2, -4], [-1, -1, -1], [1, 1, 1]),
    strided('begin and end masks', [1, 1, 1], [2, 2, 2], [1, 1, 1], 0b101, 0b010),
    strided('masks with a negative stride', [1, 1, 1], [2, 2, 2], [-1, 1, -1], 0b101, 0b101),
    strided('an axis dropped', [1, 0, 2], [2, 3, 3], [1, 1, 1], 0, 0, 0, 0, 0b101),
    strided('a new axis', [0, 0, 1], [1, 3, 4], [1, 1, 1], 0, 0, 0, 0b001),
    strided('nothing left', [2, 0, 0], [2, 3, 5], [1, 1, 1]),
    strided('fewer axes', [1], [3], [1]),
  ].map((c) => ({ ...c, gradient: false as const })),
  Concat: [
    op('rows', [floats(2, 3), floats(1, 3)], (...xs) => tf.concat(xs)),
    op('last axis', [floats(2, 3), floats(2, 1), floats(2, 2)], (...xs) => tf.concat(xs, -1)),
    op('with nothing', [floats(2, 3), floatsOf([], [0, 3])], (...xs) => tf.concat(xs, 0)),
    valueOnly('integers', [intsOf([1, 2]), intsOf([3])], (...xs) => tf.concat(xs)),
  ],
  Pack: [
    op('first', [floats(2, 3), floats(2, 3)], (...xs) => tf.stack(xs)),
    op('last', [floats(2, 3), floats(2, 3)], (...xs) => tf.stack(xs, -1)),
    op('scalars', [floatsOf([1], []), floatsOf([2], [])], (...xs) => tf.stack(xs)),
  ],
  Unpack: [op('rows', [floats(3, 2)], (x) => tf.unstack(x)), op('columns', [floats(2, 3)], (x) => tf.unstack(x, -1))],
  SplitV: [
    op('evenly', [floats(4, 3)], (x) => tf.split(x, 2)),
    op('by sizes', [floats(2, 6)], (x) => tf.split(x, [1, 3, 2], -1)),
    valueOnly('the rest', [floats(2, 6)], (x) => tf.split(x, [2, -1], 1)),
  ],
  PadV2: [
    op('zeros', [floats(2, 3)], (x) =>
      tf.pad(x, [
        [1, 0],
        [0, 2],
      ]),
    ),
    op('a value', [floats(3)], (x) => tf.pad(x, [[2, 1]], -1e9)),
    valueOnly('integers', [intsOf([1, 2])], (x) => tf.pad(x, [[0, 2]], 7)),
  ],
  Tile: [
    op('matrix', [floats(2, 3)], (x) => tf.tile(x, [2, 3])),
    op('once', [floats(2, 3)], (x) => tf.tile(x, [1, 1])),
    op('size 1 repeats', [floats(2, 1)], (x) => tf.tile(x, [1, 4])),
    op('broadcast', [floats(3)], (x) => tf.broadcastTo(x, [2, 3])),
  ],
  Fill: [
    valueOnly('floats', [], () => tf.fill([2, 3], 0.1)),
    valueOnly('integers', [], () => tf.fill([2], 7, 'int32')),
    valueOnly('bools', [], () => tf.fill([2], true as unknown as number, 'bool')),
    valueOnly('not finite', [], () =>
      tf.stack([tf.fill([1], Infinity), tf.fill([1], -Infinity), tf.fill([1], NaN), tf.fill([1], 1e39)]),
    ),
  ],
  ZerosLike: [valueOnly('floats', [floats(2)], tf.zerosLike), valueOnly('integers', [intsOf([1])], tf.zerosLike)],
  OnesLike: [valueOnly('floats', [floats(2)], tf.onesLike), valueOnly('integers', [intsOf([1])], tf.onesLike)],
  Range: [
    valueOnly('integers', [], () => tf.range(0, 10, 3, 'int32')),
    valueOnly('downwards', [], () => tf.range(5, 0)),
    valueOnly('fractions', [], () => tf.range(0, 1, 0.25)),
    valueOnly('nothing', [], () => tf.range(2, 2)),
  ],
  OneHot: [
    valueOnly('rows', [intsOf([0, 2, 1])], (i) => tf.oneHot(i.toInt(), 3)),
    valueOnly('out of range', [intsOf([-1, 3, 0])], (i) => tf.oneHot(i.toInt(), 3)),
    valueOnly('other values', [intsOf([1, 0], [2, 1])], (i) => tf.oneHot(i.toInt(), 2, 5, -5, 'float32')),
    valueOnly('a scalar', [intsOf([1], [])], (i) => tf.oneHot(i.toInt(), 3, 1, 0, 'float32')),
  ],
};
