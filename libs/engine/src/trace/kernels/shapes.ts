import { type DataType, slice_util, util } from '@tensorflow/tfjs';
import type { Graph, Node } from '../../hlo/graph.js';
import {
  broadcastInDim,
  compare,
  concatenate,
  constant,
  convert,
  fill,
  iota,
  pad,
  range,
  reshape,
  reverse,
  slice,
  transpose,
} from '../../hlo/ops.js';
import { elementType, lower } from '../backend.js';

lower('Reshape', ({ g, inputs: { x }, attrs }) =>
  reshape(g, x!, util.inferFromImplicitShape(attrs['shape'] as number[], util.sizeFromShape([...x!.shape]))),
);
lower('ExpandDims', ({ g, inputs: { input }, attrs }) => {
  const dim = attrs['dim'] as number;
  const at = dim < 0 ? input!.shape.length + 1 + dim : dim;
  return reshape(g, input!, [...input!.shape.slice(0, at), 1, ...input!.shape.slice(at)]);
});
lower('Transpose', ({ g, inputs: { x }, attrs }) => transpose(g, x!, attrs['perm'] as number[]));
lower('Reverse', ({ g, inputs: { x }, attrs }) =>
  reverse(g, x!, util.parseAxisParam(attrs['dims'] as number[], [...x!.shape])),
);

lower('Slice', ({ g, inputs: { x }, attrs }) => {
  const [begin, size] = slice_util.parseSliceParams(
    asTensor(x!),
    attrs['begin'] as number[],
    attrs['size'] as number[],
  ) as [number[], number[]];
  return slice(
    g,
    x!,
    begin,
    begin.map((b, i) => b + size[i]!),
  );
});
lower('StridedSlice', ({ g, inputs: { x }, attrs }) => {
  const mask = (name: string) => attrs[name] as number;
  const plan = slice_util.sliceInfo(
    [...x!.shape],
    attrs['begin'] as number[],
    attrs['end'] as number[],
    attrs['strides'] as number[],
    mask('beginMask'),
    mask('endMask'),
    mask('ellipsisMask'),
    mask('newAxisMask'),
    mask('shrinkAxisMask'),
  );
  const picked = plan.begin.reduce(
    (node, _, axis) => stridedAxis(g, node, plan.begin[axis]!, plan.end[axis]!, plan.strides[axis]!, axis),
    x!,
  );
  return reshape(g, picked, plan.finalShape);
});

const asTensor = (x: Node) =>
  ({ shape: [...x.shape], rank: x.shape.length }) as unknown as Parameters<typeof slice_util.parseSliceParams>[0];

/** One axis of a strided slice; a negative stride walks backwards from `begin` down to, but without, `end`. */
function stridedAxis(g: Graph, x: Node, begin: number, end: number, stride: number, axis: number): Node {
  const backwards = stride < 0;
  const count = Math.max(0, Math.ceil((end - begin) / stride));
  const low = count === 0 ? 0 : backwards ? begin + (count - 1) * stride : begin;
  const start = x.shape.map((_, i) => (i === axis ? low : 0));
  const limit = x.shape.map((d, i) => (i === axis ? (count === 0 ? 0 : low + (count - 1) * Math.abs(stride) + 1) : d));
  const steps = x.shape.map((_, i) => (i === axis ? Math.abs(stride) : 1));
  const picked = slice(g, x, start, limit, steps);
  return backwards ? reverse(g, picked, [axis]) : picked;
}

lower('Concat', ({ g, inputs, attrs }) => {
  const parts = Object.values(inputs);
  const axis = util.parseAxisParam(attrs['axis'] as number, [...parts[0]!.shape])[0]!;
  return concatenate(g, parts, axis);
});
lower('Pack', ({ g, inputs, attrs }) => {
  const parts = Object.values(inputs);
  const axis = attrs['axis'] as number;
  const at = axis < 0 ? parts[0]!.shape.length + 1 + axis : axis;
  const expanded = parts.map((p) => reshape(g, p, [...p.shape.slice(0, at), 1, ...p.shape.slice(at)]));
  return concatenate(g, expanded, at);
});
lower('Unpack', ({ g, inputs: { value }, attrs }) => {
  const axis = util.parseAxisParam(attrs['axis'] as number, [...value!.shape])[0]!;
  const rest = value!.shape.filter((_, i) => i !== axis);
  return range(value!.shape[axis]!).map((i) => reshape(g, part(g, value!, axis, i, 1), rest));
});
lower('SplitV', ({ g, inputs: { x }, attrs }) => {
  const axis = util.parseAxisParam(attrs['axis'] as number, [...x!.shape])[0]!;
  const given = attrs['numOrSizeSplits'] as number | number[];
  const sizes =
    typeof given === 'number' ? range(given).map(() => x!.shape[axis]! / given) : withRest(given, x!.shape[axis]!);
  let start = 0;
  return sizes.map((size) => part(g, x!, axis, (start += size) - size, size));
});

/** One size may be -1: what the others leave. */
const withRest = (sizes: readonly number[], total: number): number[] =>
  sizes.map((size) => (size < 0 ? total - sizes.reduce((sum, other) => sum + Math.max(0, other), 0) : size));

const part = (g: Graph, x: Node, axis: number, start: number, size: number): Node =>
  slice(
    g,
    x,
    x.shape.map((_, i) => (i === axis ? start : 0)),
    x.shape.map((d, i) => (i === axis ? start + size : d)),
  );

lower('PadV2', ({ g, inputs: { x }, attrs }) => {
  const paddings = attrs['paddings'] as [number, number][];
  const value = fill(g, (attrs['constantValue'] as number) ?? 0, [], x!.type);
  return pad(
    g,
    x!,
    value,
    paddings.map((p) => p[0]),
    paddings.map((p) => p[1]),
  );
});

lower('Tile', ({ g, inputs: { x }, attrs }) => {
  const reps = attrs['reps'] as number[];
  const target = x!.shape.map((d, i) => d * reps[i]!);
  if (x!.shape.every((d, i) => d === 1 || reps[i] === 1)) return broadcastInDim(g, x!, target, range(target.length));
  const repeated = x!.shape.flatMap((d, i) => [reps[i]!, d]);
  const places = x!.shape.map((_, i) => 2 * i + 1);
  return reshape(g, broadcastInDim(g, x!, repeated, places), target);
});

lower('Fill', ({ g, attrs }) =>
  fill(
    g,
    attrs['value'] as number,
    attrs['shape'] as number[],
    elementType((attrs['dtype'] as DataType | null) ?? 'float32'),
  ),
);
lower('ZerosLike', ({ g, inputs: { x } }) => fill(g, 0, x!.shape, x!.type));
lower('OnesLike', ({ g, inputs: { x } }) => fill(g, 1, x!.shape, x!.type));
lower('Range', ({ g, attrs }) => {
  const { start, stop, step: given, dtype } = attrs as { start: number; stop: number; step: number; dtype?: DataType };
  const step = stop < start && given === 1 ? -1 : given; // as tfjs: a step left out follows the direction
  const values = range(Math.max(0, Math.ceil((stop - start) / step))).map((i) => start + i * step);
  return constant(g, values, [values.length], elementType(dtype ?? 'float32'));
});

lower('OneHot', ({ g, inputs: { indices }, attrs }) => {
  const { depth, onValue, offValue } = attrs as { depth: number; onValue: number; offValue: number };
  const type = elementType((attrs['dtype'] as DataType | undefined) ?? 'float32');
  const shape = [...indices!.shape, depth];
  const wanted = broadcastInDim(g, indices!, shape, range(indices!.shape.length));
  const hit = compare(g, 'EQ', iota(g, shape, shape.length - 1), wanted);
  if (onValue === 1 && offValue === 0) return convert(g, hit, type);
  return g.add('stablehlo.select', [hit, fill(g, onValue, shape, type), fill(g, offValue, shape, type)], {
    shape,
    type,
  });
});
