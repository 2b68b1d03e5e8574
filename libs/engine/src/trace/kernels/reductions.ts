import { util } from '@tensorflow/tfjs';
import type { Graph, Node } from '../../hlo/graph.js';
import {
  argReduce,
  binary,
  broadcastInDim,
  convert,
  cumulativeSum,
  fill,
  FLOAT32,
  INT32,
  pad,
  range,
  reduce,
  reshape,
  reverse,
  slice,
  sizeOf,
  unary,
} from '../../hlo/ops.js';
import { type Call, lower } from '../backend.js';

interface Reduction {
  op: string;
  initial: (x: Node) => number;
}

const REDUCTIONS = {
  Sum: { op: 'stablehlo.add', initial: () => 0 },
  Prod: { op: 'stablehlo.multiply', initial: () => 1 },
  Max: { op: 'stablehlo.maximum', initial: (x) => (x.type === 'i32' ? INT32 : FLOAT32).lowest },
  Min: { op: 'stablehlo.minimum', initial: (x) => (x.type === 'i32' ? INT32 : FLOAT32).highest },
  All: { op: 'stablehlo.and', initial: () => 1 },
  Any: { op: 'stablehlo.or', initial: () => 0 },
} as const satisfies Record<string, Reduction>;

const axesOf = ({ attrs, inputs }: Call): number[] =>
  util.parseAxisParam((attrs['axis'] ?? attrs['reductionIndices']) as number | number[], [...inputs['x']!.shape]);

const keptShape = (x: Node, axes: readonly number[]): number[] => x.shape.map((d, i) => (axes.includes(i) ? 1 : d));

function reduced(call: Call, { op, initial }: Reduction): Node {
  const x = call.inputs['x']!;
  const axes = axesOf(call);
  const result = reduce(call.g, op, x, axes, initial(x));
  return call.attrs['keepDims'] ? reshape(call.g, result, keptShape(x, axes)) : result;
}

for (const [kernel, reduction] of Object.entries(REDUCTIONS)) lower(kernel, (call) => reduced(call, reduction));

lower('Mean', (call) => {
  const x = convert(call.g, call.inputs['x']!, 'f32');
  const sum = reduced({ ...call, inputs: { x } }, REDUCTIONS.Sum);
  const count = sizeOf(axesOf(call).map((a) => x.shape[a]!));
  return binary(call.g, 'stablehlo.multiply', sum, fill(call.g, 1 / count, sum.shape, sum.type));
});

lower('ArgMax', (call) => argReduce(call.g, call.inputs['x']!, axesOf(call)[0]!, 'GT'));
lower('ArgMin', (call) => argReduce(call.g, call.inputs['x']!, axesOf(call)[0]!, 'LT'));

lower('Cumsum', ({ g, inputs, attrs }) => {
  const x = inputs['x']!;
  const axis = util.parseAxisParam(attrs['axis'] as number, [...x.shape])[0]!;
  const turn = (n: Node) => (attrs['reverse'] ? reverse(g, n, [axis]) : n);
  const sums = cumulativeSum(g, turn(x), axis);
  return turn(attrs['exclusive'] ? shifted(g, sums, axis) : sums);
});

/** The sums moved one place on, with 0 first. */
function shifted(g: Graph, sums: Node, axis: number): Node {
  const none = sums.shape.map(() => 0);
  const padded = pad(
    g,
    sums,
    fill(g, 0, [], sums.type),
    sums.shape.map((_, i) => (i === axis ? 1 : 0)),
    none,
  );
  return slice(g, padded, none, sums.shape);
}

/** The reduction of the last axis, repeated along it. */
function alongLast(g: Graph, op: string, x: Node, initial: number): Node {
  const last = x.shape.length - 1;
  return broadcastInDim(g, reduce(g, op, x, [last], initial), x.shape, range(last));
}

lower('Softmax', ({ g, inputs }) => {
  const x = inputs['logits']!;
  const shifted = binary(g, 'stablehlo.subtract', x, alongLast(g, 'stablehlo.maximum', x, -Infinity));
  const e = unary(g, 'stablehlo.exponential', shifted);
  return binary(g, 'stablehlo.divide', e, alongLast(g, 'stablehlo.add', e, 0));
});
