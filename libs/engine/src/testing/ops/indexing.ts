import * as tf from '@tensorflow/tfjs';
import { boolsOf, floats, intsOf, op, type OpTable, valueOnly } from './case.js';

export const indexingTable: OpTable = {
  GatherV2: [
    op('rows', [floats(4, 3), intsOf([2, 0, 2])], (x, i) => tf.gather(x, i.toInt())),
    op('columns', [floats(2, 5), intsOf([4, 1])], (x, i) => tf.gather(x, i.toInt(), 1)),
    op('last axis', [floats(2, 3, 4), intsOf([3, 0])], (x, i) => tf.gather(x, i.toInt(), -1)),
    op('a matrix of indices', [floats(4, 3), intsOf([0, 1, 3, 3], [2, 2])], (x, i) => tf.gather(x, i.toInt())),
    op('a scalar index', [floats(4, 3), intsOf([2], [])], (x, i) => tf.gather(x, i.toInt())),
    valueOnly('no indices', [floats(4, 3), intsOf([])], (x, i) => tf.gather(x, i.toInt())),
    valueOnly('integers', [intsOf([5, 6, 7]), intsOf([2, 1])], (x, i) => tf.gather(x, i.toInt())),
    valueOnly('bools', [boolsOf([1, 0]), intsOf([1, 0])], (x, i) => tf.gather(x, i.toInt())),
  ],
  GatherNd: [
    valueOnly('elements', [floats(3, 4), intsOf([0, 1, 2, 3], [2, 2])], (x, i) => tf.gatherND(x, i)),
    valueOnly('rows', [floats(3, 4), intsOf([2, 0], [2, 1])], (x, i) => tf.gatherND(x, i)),
    valueOnly('one element', [floats(3, 4), intsOf([1, 2])], (x, i) => tf.gatherND(x, i)),
  ],
  ScatterNd: [
    valueOnly('elements', [intsOf([1, 3], [2, 1]), floats(2)], (i, u) => tf.scatterND(i, u, [5])),
    valueOnly('equal places add up', [intsOf([1, 1, 0], [3, 1]), floats(3, 2)], (i, u) => tf.scatterND(i, u, [3, 2])),
    valueOnly('two indices', [intsOf([0, 1, 2, 0], [2, 2]), floats(2)], (i, u) => tf.scatterND(i, u, [3, 2])),
  ],
  TensorScatterUpdate: [
    valueOnly('elements', [floats(5), intsOf([1, 3], [2, 1]), floats(2)], (x, i, u) => tf.tensorScatterUpdate(x, i, u)),
    valueOnly('rows', [floats(3, 2), intsOf([2], [1, 1]), floats(1, 2)], (x, i, u) => tf.tensorScatterUpdate(x, i, u)),
  ],
  UnsortedSegmentSum: [
    op('rows', [floats(4, 3), intsOf([1, 0, 1, 3])], (x, i) => tf.unsortedSegmentSum(x, i.toInt().as1D(), 5)),
    op('values', [floats(4), intsOf([2, 2, 0, 2])], (x, i) => tf.unsortedSegmentSum(x, i.toInt().as1D(), 3)),
    op('rank 3', [floats(3, 2, 2), intsOf([0, 0, 1])], (x, i) => tf.unsortedSegmentSum(x, i.toInt().as1D(), 2)),
    valueOnly('ids out of range', [floats(3, 2), intsOf([0, -1, 7])], (x, i) =>
      tf.unsortedSegmentSum(x, i.toInt().as1D(), 2),
    ),
  ],
};
