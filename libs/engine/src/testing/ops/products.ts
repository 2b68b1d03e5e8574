import * as tf from '@tensorflow/tfjs';
import { UNIFORM } from '../../random.js';
import { floats, floatsOf, intsOf, op, type OpTable, valueOnly } from './case.js';

export const productTable: OpTable = {
  BatchMatMul: [
    op('matrices', [floats(2, 3), floats(3, 4)], (a, b) => tf.matMul(a, b)),
    op('first transposed', [floats(3, 2), floats(3, 4)], (a, b) => tf.matMul(a, b, true)),
    op('second transposed', [floats(2, 3), floats(4, 3)], (a, b) => tf.matMul(a, b, false, true)),
    op('both transposed', [floats(3, 2), floats(4, 3)], (a, b) => tf.matMul(a, b, true, true)),
    op('batches', [floats(2, 3, 2, 4), floats(2, 3, 4, 5)], (a, b) => tf.matMul(a, b)),
    op('batches, transposed', [floats(2, 3, 4, 2), floats(2, 3, 5, 4)], (a, b) => tf.matMul(a, b, true, true)),
    valueOnly('one matrix for all batches', [floats(3, 2, 4), floats(1, 4, 2)], (a, b) => tf.matMul(a, b)),
    op('a vector', [floats(3), floats(3)], (a, b) => tf.dot(a, b)),
    op('no rows', [floatsOf([], [0, 3]), floats(3, 2)], (a, b) => tf.matMul(a, b)),
    valueOnly('integers', [intsOf([1, 2, 3, 4], [2, 2]), intsOf([5, 6, 7, 8], [2, 2])], (a, b) => tf.matMul(a, b)),
  ],
  [UNIFORM]: [
    valueOnly('a vector', [intsOf([3, -4]), intsOf([5], [])], (key, use) =>
      tf.engine().runKernel(UNIFORM, { key: key, use: use }, { shape: [9] }),
    ),
    valueOnly('a scalar', [intsOf([3, -4]), intsOf([0], [])], (key, use) =>
      tf.engine().runKernel(UNIFORM, { key: key, use: use }, { shape: [] }),
    ),
  ],
};
