import type { Graph, Node } from '../../hlo/graph.js';
import {
  binary,
  broadcastTogether,
  broadcastTo,
  compare,
  convert,
  type Direction,
  fill,
  select,
  unary,
} from '../../hlo/ops.js';
import { elementType, lower } from '../backend.js';
import type { DataType } from '@tensorflow/tfjs';

/** Of any number type. */
const UNARY = {
  Abs: 'stablehlo.abs',
  LogicalNot: 'stablehlo.not',
  Neg: 'stablehlo.negate',
  Sign: 'stablehlo.sign',
} as const;

/** Float functions: integers become floats first, as in tfjs. */
const FLOAT_UNARY = {
  Ceil: 'stablehlo.ceil',
  Cos: 'stablehlo.cosine',
  Erf: 'chlo.erf',
  Exp: 'stablehlo.exponential',
  Expm1: 'stablehlo.exponential_minus_one',
  Floor: 'stablehlo.floor',
  Log: 'stablehlo.log',
  Log1p: 'stablehlo.log_plus_one',
  Rsqrt: 'stablehlo.rsqrt',
  Sigmoid: 'stablehlo.logistic',
  Sin: 'stablehlo.sine',
  Sqrt: 'stablehlo.sqrt',
  Tanh: 'stablehlo.tanh',
} as const;

const BINARY = {
  Add: 'stablehlo.add',
  LogicalAnd: 'stablehlo.and',
  LogicalOr: 'stablehlo.or',
  Maximum: 'stablehlo.maximum',
  Minimum: 'stablehlo.minimum',
  Multiply: 'stablehlo.multiply',
  Pow: 'stablehlo.power',
  RealDiv: 'stablehlo.divide',
  Sub: 'stablehlo.subtract',
} as const;

const COMPARISONS = {
  Equal: 'EQ',
  NotEqual: 'NE',
  Less: 'LT',
  LessEqual: 'LE',
  Greater: 'GT',
  GreaterEqual: 'GE',
} as const satisfies Record<string, Direction>;

const like = (g: Graph, value: number, x: Node): Node => fill(g, value, x.shape, x.type);
const sameSign = (g: Graph, a: Node, b: Node): Node =>
  compare(g, 'EQ', compare(g, 'LT', a, like(g, 0, a)), compare(g, 'LT', b, like(g, 0, b)));
const multiply = (g: Graph, a: Node, b: Node): Node => binary(g, 'stablehlo.multiply', a, b);

for (const [kernel, op] of Object.entries(UNARY)) lower(kernel, ({ g, inputs }) => unary(g, op, inputs['x']!));

for (const [kernel, op] of Object.entries(FLOAT_UNARY))
  lower(kernel, ({ g, inputs }) => unary(g, op, convert(g, inputs['x']!, 'f32')));

for (const [kernel, op] of Object.entries(BINARY))
  lower(kernel, ({ g, inputs }) => binary(g, op, ...broadcastTogether(g, inputs['a']!, inputs['b']!)));

for (const [kernel, direction] of Object.entries(COMPARISONS))
  lower(kernel, ({ g, inputs }) => compare(g, direction, ...broadcastTogether(g, inputs['a']!, inputs['b']!)));

lower('SquaredDifference', ({ g, inputs }) => {
  const difference = binary(g, 'stablehlo.subtract', ...broadcastTogether(g, inputs['a']!, inputs['b']!));
  return multiply(g, difference, difference);
});
// tfjs gives int32, whatever the inputs, and 0 for a division by zero.
lower('FloorDiv', ({ g, inputs }) => {
  const [a, b] = broadcastTogether(g, inputs['a']!, inputs['b']!);
  if (a.type !== 'i32') return convert(g, unary(g, 'stablehlo.floor', binary(g, 'stablehlo.divide', a, b)), 'i32');
  const quotient = binary(g, 'stablehlo.divide', a, b); // towards zero
  const exact = compare(g, 'EQ', binary(g, 'stablehlo.remainder', a, b), like(g, 0, a));
  const rounded = binary(g, 'stablehlo.or', exact, sameSign(g, a, b));
  const floor = select(g, rounded, quotient, binary(g, 'stablehlo.subtract', quotient, like(g, 1, a)));
  return select(g, compare(g, 'EQ', b, like(g, 0, b)), like(g, 0, a), floor);
});
// The result takes the divisor's sign. Of integers, 0 for a division by zero.
lower('Mod', ({ g, inputs }) => {
  const [a, b] = broadcastTogether(g, inputs['a']!, inputs['b']!);
  const remainder = binary(g, 'stablehlo.remainder', a, b);
  const moved = binary(g, 'stablehlo.remainder', binary(g, 'stablehlo.add', remainder, b), b);
  const mod = select(g, sameSign(g, a, b), remainder, moved);
  return a.type === 'i32' ? select(g, compare(g, 'EQ', b, like(g, 0, b)), like(g, 0, a), mod) : mod;
});
lower('Round', ({ g, inputs: { x } }) => (x!.type === 'f32' ? unary(g, 'stablehlo.round_nearest_even', x!) : x!));
lower('AddN', ({ g, inputs }) => Object.values(inputs).reduce((a, b) => binary(g, 'stablehlo.add', a, b)));

lower('Square', ({ g, inputs: { x } }) => multiply(g, x!, x!));
// 1 / 0 of integers is 0, as infinity becomes in tfjs.
lower('Reciprocal', ({ g, inputs: { x } }) => {
  const inverse = binary(g, 'stablehlo.divide', like(g, 1, x!), x!);
  return x!.type === 'i32' ? select(g, compare(g, 'EQ', x!, like(g, 0, x!)), like(g, 0, x!), inverse) : inverse;
});
lower('Relu', ({ g, inputs: { x } }) => binary(g, 'stablehlo.maximum', x!, like(g, 0, x!)));
lower('Elu', ({ g, inputs: { x } }) =>
  select(g, compare(g, 'GE', x!, like(g, 0, x!)), x!, unary(g, 'stablehlo.exponential_minus_one', x!)),
);
lower('EluGrad', ({ g, inputs: { dy, y } }) =>
  select(
    g,
    compare(g, 'GE', y!, like(g, 0, y!)),
    dy!,
    multiply(g, dy!, binary(g, 'stablehlo.add', y!, like(g, 1, y!))),
  ),
);
lower('LeakyRelu', ({ g, inputs: { x }, attrs }) =>
  select(g, compare(g, 'GE', x!, like(g, 0, x!)), x!, multiply(g, x!, like(g, attrs['alpha'] as number, x!))),
);
lower('Softplus', ({ g, inputs: { x } }) => {
  // max(x, 0) + log(1 + exp(-|x|)) does not overflow.
  const tail = unary(g, 'stablehlo.exponential', unary(g, 'stablehlo.negate', unary(g, 'stablehlo.abs', x!)));
  return binary(
    g,
    'stablehlo.add',
    binary(g, 'stablehlo.maximum', x!, like(g, 0, x!)),
    unary(g, 'stablehlo.log_plus_one', tail),
  );
});
lower('Step', ({ g, inputs: { x }, attrs }) => {
  const positive = select(
    g,
    compare(g, 'GT', x!, like(g, 0, x!)),
    like(g, 1, x!),
    like(g, attrs['alpha'] as number, x!),
  );
  return select(g, compare(g, 'NE', x!, x!), x!, positive);
});
lower('ClipByValue', ({ g, inputs: { x }, attrs }) => {
  const low = like(g, attrs['clipValueMin'] as number, x!);
  const high = like(g, attrs['clipValueMax'] as number, x!);
  return binary(g, 'stablehlo.minimum', binary(g, 'stablehlo.maximum', x!, low), high);
});
lower('IsFinite', ({ g, inputs: { x } }) => unary(g, 'stablehlo.is_finite', convert(g, x!, 'f32'), 'i1'));
lower('IsNan', ({ g, inputs: { x } }) => compare(g, 'NE', x!, x!));
lower('IsInf', ({ g, inputs: { x } }) => {
  const size = unary(g, 'stablehlo.abs', convert(g, x!, 'f32'));
  return compare(g, 'EQ', size, like(g, Infinity, size));
});
lower('Identity', ({ inputs: { x } }) => x!);
lower('Cast', ({ g, inputs: { x }, attrs }) => cast(g, x!, attrs['dtype'] as DataType));
lower('Select', ({ g, inputs: { condition, t, e } }) => {
  const aligned = alignLeading(g, condition!, t!.shape);
  return select(g, aligned, t!, e!);
});

/** To bool is `x != 0`, which a plain conversion is not. */
function cast(g: Graph, x: Node, dtype: DataType): Node {
  const type = elementType(dtype);
  return type === 'i1' && x.type !== 'i1' ? compare(g, 'NE', x, like(g, 0, x)) : convert(g, x, type);
}

/** A condition of rank 1 chooses whole rows; otherwise it broadcasts as usual. */
function alignLeading(g: Graph, condition: Node, shape: readonly number[]): Node {
  if (condition.shape.length === 1 && shape.length > 1)
    return g.add(
      'stablehlo.broadcast_in_dim',
      [condition],
      { shape, type: 'i1' },
      'broadcast_dimensions = array<i64: 0>',
    );
  return broadcastTo(g, condition, shape);
}
