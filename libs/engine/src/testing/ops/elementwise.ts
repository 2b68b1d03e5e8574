import * as tf from '@tensorflow/tfjs';
import {
  boolsOf,
  floats,
  floatsOf,
  type Input,
  intsOf,
  op,
  type OpCase,
  type OpTable,
  positive,
  SPECIAL,
  valueOnly,
} from './case.js';

type Unary = (x: tf.Tensor) => tf.Tensor;
type Binary = (a: tf.Tensor, b: tf.Tensor) => tf.Tensor;

const INTS = intsOf([-7, -1, 0, 1, 2, 9]);
const BOOLS = boolsOf([1, 0, 1]);

const ofFloats = (f: Unary, domain: Input = floats(3, 4), special: Input = SPECIAL): OpCase[] => [
  op('floats', [domain], f),
  op('a scalar', [floatsOf([0.7], [])], f),
  op('no elements', [floatsOf([], [0, 3])], f),
  valueOnly('special values', [special], f),
];

/** For ops that tfjs lets work on integers. */
const ofNumbers = (f: Unary, domain?: Input, special?: Input): OpCase[] => [
  ...ofFloats(f, domain, special),
  valueOnly('integers', [INTS], f),
];

/** Sine and cosine of huge arguments differ between float32 and float64. */
const PERIODIC = floatsOf([0, 1e-30, 100, -100, Infinity, NaN]);
/** tfjs cpu says 0 for the sign of NaN; here NaN stays NaN. */
const NUMBERS = floatsOf(SPECIAL.values.filter((v) => !Number.isNaN(v)));

const binary = (f: Binary, a = floats(3, 4), b = positive(3, 4)): OpCase[] => [
  op('equal shapes', [a, b], f),
  op('a row', [floats(2, 3, 4), positive(4)], f),
  op('a column and a row', [floats(3, 1), positive(1, 4)], f),
  op('a scalar', [floats(2, 3), floatsOf([1.5], [])], f),
  op('a scalar first', [positive(1), positive(2, 3)], f),
  op('no elements', [floatsOf([], [0, 4]), positive(4)], f),
];

/** For ops whose gradients tfjs does not sum over what was broadcast: it refuses, with a message about shapes. */
const unbroadcast = (f: Binary): OpCase[] =>
  binary(f).map((c) => (c.what === 'equal shapes' ? c : valueOnly(c.what, c.inputs, c.f)));

const SPECIAL_PAIRS: [Input, Input] = [
  floatsOf([0, 1, -1, Infinity, -Infinity, NaN, 2, NaN, 0]),
  floatsOf([0, 0, 0, Infinity, 3, 1, NaN, NaN, -0]),
];
const special = (f: Binary): OpCase => valueOnly('special values', SPECIAL_PAIRS, f);
const integers = (f: Binary): OpCase =>
  valueOnly('integers', [intsOf([-7, 7, -7, 7, 0, 5]), intsOf([2, 2, -2, -2, 3, 1])], f);
const mixed = (f: Binary): OpCase => valueOnly('integer and float', [intsOf([1, -2, 3]), floatsOf([0.5, 2, -1.5])], f);

const comparison = (f: Binary): OpCase[] => [
  valueOnly('floats', [floatsOf([1, 2, 3, -1]), floatsOf([2, 2, 2, 2])], f),
  valueOnly('broadcast', [floats(2, 3), floatsOf([0], [1])], f),
  valueOnly('special values', SPECIAL_PAIRS, f),
  valueOnly('integers', [INTS, intsOf([0], [])], f),
  valueOnly('bools', [boolsOf([0, 0, 1, 1]), boolsOf([0, 1, 0, 1])], f),
];

const logical = (f: Binary): OpCase[] => [
  valueOnly('bools', [boolsOf([0, 0, 1, 1]), boolsOf([0, 1, 0, 1])], f),
  valueOnly('broadcast', [boolsOf([1, 0, 1, 0], [2, 2]), boolsOf([1], [1])], f),
];

export const elementwise: OpTable = {
  Abs: ofNumbers(tf.abs),
  Ceil: ofFloats(tf.ceil),
  Cos: ofFloats(tf.cos, floats(3, 4), PERIODIC),
  Erf: ofFloats(tf.erf),
  Exp: ofNumbers(tf.exp),
  Expm1: ofFloats(tf.expm1),
  Floor: ofFloats(tf.floor),
  Log: ofFloats(tf.log, positive(3, 4)),
  Log1p: ofFloats(tf.log1p, positive(3, 4)),
  LogicalNot: [valueOnly('bools', [BOOLS], tf.logicalNot)],
  Neg: ofNumbers(tf.neg),
  Round: [
    ...ofNumbers(tf.round),
    valueOnly('halves go to even', [floatsOf([0.5, 1.5, 2.5, -0.5, -1.5, -2.5])], tf.round),
  ],
  Rsqrt: ofFloats(tf.rsqrt, positive(3, 4)),
  Sigmoid: ofFloats(tf.sigmoid),
  Sign: ofNumbers(tf.sign, floats(3, 4), NUMBERS),
  Sin: ofFloats(tf.sin, floats(3, 4), PERIODIC),
  Sqrt: ofFloats(tf.sqrt, positive(3, 4)),
  Tanh: ofFloats(tf.tanh),
  Square: ofNumbers(tf.square),
  Reciprocal: ofNumbers(tf.reciprocal, positive(3, 4)),
  Relu: ofNumbers(tf.relu),
  Elu: ofFloats(tf.elu),
  EluGrad: [valueOnly('gradient of elu', [floats(3, 4)], (x) => tf.grad(tf.elu)(x))],
  LeakyRelu: ofFloats((x) => tf.leakyRelu(x, 0.1)),
  Softplus: ofFloats(tf.softplus),
  Step: ofFloats((x) => tf.step(x, 0.25)),
  ClipByValue: ofFloats((x) => tf.clipByValue(x, -1, 1)),
  IsFinite: [valueOnly('special values', [SPECIAL], tf.isFinite), valueOnly('integers', [INTS], tf.isFinite)],
  IsNan: [valueOnly('special values', [SPECIAL], tf.isNaN), valueOnly('integers', [INTS], tf.isNaN)],
  IsInf: [valueOnly('special values', [SPECIAL], tf.isInf), valueOnly('integers', [INTS], tf.isInf)],
  Identity: [op('floats', [floats(2, 3)], tf.clone), valueOnly('bools', [BOOLS], tf.clone)],
  Cast: [
    valueOnly('float to int truncates', [floatsOf([1.7, -1.7, 0.5, -0.5, 16777217, NaN])], (x) => tf.cast(x, 'int32')),
    valueOnly('float to bool', [floatsOf([0, -0, 0.5, NaN])], (x) => tf.cast(x, 'bool')),
    valueOnly('int to bool', [INTS], (x) => tf.cast(x, 'bool')),
    valueOnly('int to float', [intsOf([-3, 16777217])], (x) => tf.cast(x, 'float32')),
    valueOnly('bool to float', [BOOLS], (x) => tf.cast(x, 'float32')),
    valueOnly('bool to int', [BOOLS], (x) => tf.cast(x, 'int32')),
    op('float to float', [floats(3)], (x) => tf.cast(tf.square(x), 'float32')),
  ],

  Add: [...binary(tf.add), special(tf.add), integers(tf.add), mixed(tf.add)],
  Sub: [...binary(tf.sub), special(tf.sub), integers(tf.sub), mixed(tf.sub)],
  Multiply: [...binary(tf.mul), special(tf.mul), integers(tf.mul), mixed(tf.mul)],
  RealDiv: [...binary(tf.div), special(tf.div), mixed(tf.div)],
  Maximum: [...unbroadcast(tf.maximum), special(tf.maximum), integers(tf.maximum)],
  Minimum: [...unbroadcast(tf.minimum), special(tf.minimum), integers(tf.minimum)],
  SquaredDifference: [...unbroadcast(tf.squaredDifference), integers(tf.squaredDifference)],
  Pow: [
    ...binary(tf.pow, positive(3, 4)).filter((c) => c.what !== 'a row' && !c.what.startsWith('a column')),
    valueOnly(
      'special values',
      [floatsOf([0, 0, 2, -2, -2, Infinity, -1]), floatsOf([0, -1, -2, 3, 0.5, -1, 2])],
      tf.pow,
    ),
    valueOnly('integers', [intsOf([2, -2, 3, 1, 0, 7]), intsOf([10, 3, 0, 5, 4, 1])], tf.pow),
    valueOnly('negative integer exponents', [intsOf([2, 1, -1]), intsOf([-1, -3, -3])], tf.pow),
  ],
  FloorDiv: [
    valueOnly('integers', [intsOf([-7, 7, -7, 7, 0, 5]), intsOf([2, 2, -2, -2, 3, 1])], tf.floorDiv),
    valueOnly('beyond 24 bits', [intsOf([16777217, -2000000001, 2147483647]), intsOf([1, 2, 3])], tf.floorDiv),
    valueOnly('by zero', [intsOf([5, -5, 0]), intsOf([0, 0, 0])], tf.floorDiv),
    valueOnly('floats', [floatsOf([7.5, -7.5, 1]), floatsOf([2, 2, 3])], tf.floorDiv),
    valueOnly('tf.div of integers', [intsOf([-7, 7]), intsOf([2, 2])], tf.div),
  ],
  Mod: [
    op('floats', [floats(3, 4), positive(3, 4)], tf.mod),
    valueOnly('signs', [floatsOf([7.5, -7.5, 7.5, -7.5, 1e-12, -6]), floatsOf([2, 2, -2, -2, 1, 3])], tf.mod),
    valueOnly('integers', [intsOf([-7, 7, -7, 7, 0, 2147483647]), intsOf([3, 3, -3, -3, 3, 2147483646])], tf.mod),
    valueOnly('by zero', [intsOf([5, -5]), intsOf([0, 0])], tf.mod),
  ],
  AddN: [
    op('three', [floats(2, 3), positive(2, 3), floats(2, 3)], (...xs) => tf.addN(xs)),
    valueOnly('integers', [INTS, INTS], (...xs) => tf.addN(xs)),
  ],
  Equal: comparison(tf.equal),
  NotEqual: comparison(tf.notEqual),
  Less: comparison(tf.less),
  LessEqual: comparison(tf.lessEqual),
  Greater: comparison(tf.greater),
  GreaterEqual: comparison(tf.greaterEqual),
  LogicalAnd: logical(tf.logicalAnd),
  LogicalOr: logical(tf.logicalOr),
  Select: [
    op('equal shapes', [boolsOf([1, 0, 0, 1], [2, 2]), floats(2, 2), positive(2, 2)], (c, a, b) => tf.where(c, a, b)),
    op('a row decides', [boolsOf([1, 0, 1]), floats(2, 3), positive(2, 3)], (c, a, b) => tf.where(c, a, b)),
    op('values broadcast', [boolsOf([1, 0, 1, 0], [2, 2]), floats(2, 1), positive(1)], (c, a, b) => tf.where(c, a, b)),
    valueOnly('integers', [boolsOf([1, 0]), intsOf([1, 2]), intsOf([3, 4])], (c, a, b) => tf.where(c, a, b)),
    valueOnly('hides what is not finite', [boolsOf([1, 0]), floatsOf([1, NaN]), floatsOf([Infinity, 2])], (c, a, b) =>
      tf.where(c, a, b),
    ),
  ],
};
