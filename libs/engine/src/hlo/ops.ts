import { type ElementType, type Graph, type Node, type TensorType, tensorType } from './graph.js';

/** StableHLO operations, one function each: thin, shape-inferring, folding what changes nothing. */

type Shape = readonly number[];

const sameShape = (a: Shape, b: Shape): boolean => a.length === b.length && a.every((d, i) => d === b[i]);
const i64s = (values: Shape): string => (values.length > 0 ? `array<i64: ${values.join(', ')}>` : 'array<i64>');
export const range = (n: number, from = 0): number[] => Array.from({ length: n }, (_, i) => i + from);
export const sizeOf = (shape: Shape): number => shape.reduce((a, b) => a * b, 1);

export const INT32 = { lowest: -(2 ** 31), highest: 2 ** 31 - 1 } as const;
export const FLOAT32 = { lowest: -Infinity, highest: Infinity } as const;

const MLIR_SPECIAL = new Map([
  [Infinity, '0x7F800000'],
  [-Infinity, '0xFF800000'],
]);

function literal(value: number, type: ElementType): string {
  if (type === 'i1') return value ? 'true' : 'false';
  if (type === 'i32') return String(value | 0);
  const rounded = Math.fround(value);
  if (Number.isNaN(rounded)) return '0x7FC00000';
  const special = MLIR_SPECIAL.get(rounded);
  if (special) return special;
  if (Object.is(rounded, -0)) return '-0.0';
  const text = rounded.toExponential();
  return text.includes('.') ? text : text.replace('e', '.0e');
}

/** A tensor filled with one value. */
export function fill(g: Graph, value: number, shape: Shape, type: ElementType): Node {
  const result = { shape, type };
  return g.add('stablehlo.constant', [], result, `value = dense<${literal(value, type)}> : ${tensorType(result)}`);
}

export function constant(g: Graph, values: ArrayLike<number>, shape: Shape, type: ElementType): Node {
  const first = values[0] ?? 0;
  if (isUniform(values, first)) return fill(g, first, shape, type);
  const bytes = type === 'i1' ? undefined : type === 'i32' ? Int32Array.from(values) : Float32Array.from(values);
  const content = bytes
    ? `"0x${Buffer.from(bytes.buffer).toString('hex').toUpperCase()}"`
    : `[${Array.from(values, (v) => literal(v, type)).join(', ')}]`;
  if (!bytes && shape.length !== 1) return reshape(g, constant(g, values, [values.length], type), shape);
  const result = { shape, type };
  return g.add('stablehlo.constant', [], result, `value = dense<${content}> : ${tensorType(result)}`);
}

function isUniform(values: ArrayLike<number>, first: number): boolean {
  for (let i = 1; i < values.length; i++) if (!Object.is(values[i], first)) return false;
  return true;
}

export const unary = (g: Graph, op: string, x: Node, type: ElementType = x.type): Node =>
  g.add(op, [x], { shape: x.shape, type });

/** `a` and `b` must have one shape: see `broadcastTogether`. */
export const binary = (g: Graph, op: string, a: Node, b: Node): Node =>
  g.add(op, [a, b], { shape: a.shape, type: a.type });

export type Direction = 'EQ' | 'NE' | 'LT' | 'LE' | 'GT' | 'GE';

export const compare = (g: Graph, direction: Direction, a: Node, b: Node): Node =>
  g.add(
    'stablehlo.compare',
    [a, b],
    { shape: a.shape, type: 'i1' },
    `comparison_direction = #stablehlo<comparison_direction ${direction}>`,
  );

export const select = (g: Graph, condition: Node, onTrue: Node, onFalse: Node): Node =>
  g.add('stablehlo.select', [condition, onTrue, onFalse], { shape: onTrue.shape, type: onTrue.type });

export const convert = (g: Graph, x: Node, type: ElementType): Node =>
  x.type === type ? x : unary(g, 'stablehlo.convert', x, type);

export const reshape = (g: Graph, x: Node, shape: Shape): Node =>
  sameShape(x.shape, shape) ? x : g.add('stablehlo.reshape', [x], { shape, type: x.type });

/** Places dimension i of `x` at `dimensions[i]` of the result; the others repeat. */
export const broadcastInDim = (g: Graph, x: Node, shape: Shape, dimensions: Shape): Node =>
  sameShape(x.shape, shape)
    ? x
    : g.add('stablehlo.broadcast_in_dim', [x], { shape, type: x.type }, `broadcast_dimensions = ${i64s(dimensions)}`);

/** NumPy broadcasting: aligns the last dimensions, size 1 repeats. */
export const broadcastTo = (g: Graph, x: Node, shape: Shape): Node =>
  broadcastInDim(g, x, shape, range(x.shape.length, shape.length - x.shape.length));

export function broadcastTogether(g: Graph, a: Node, b: Node): [Node, Node] {
  const rank = Math.max(a.shape.length, b.shape.length);
  const dim = (x: Node, i: number) => x.shape[i - rank + x.shape.length] ?? 1;
  const shape = range(rank).map((i) => (dim(a, i) === 1 ? dim(b, i) : dim(a, i)));
  return [broadcastTo(g, a, shape), broadcastTo(g, b, shape)];
}

export function transpose(g: Graph, x: Node, permutation: Shape): Node {
  if (permutation.every((d, i) => d === i)) return x;
  const shape = permutation.map((d) => x.shape[d]!);
  return g.add('stablehlo.transpose', [x], { shape, type: x.type }, `permutation = ${i64s(permutation)}`);
}

/** Elements [start, limit) of each dimension, every `stride`-th. */
export function slice(g: Graph, x: Node, start: Shape, limit: Shape, strides: Shape = limit.map(() => 1)): Node {
  const shape = limit.map((l, i) => Math.max(0, Math.ceil((l - start[i]!) / strides[i]!)));
  if (sameShape(shape, x.shape)) return x;
  const attributes = `start_indices = ${i64s(start)}, limit_indices = ${i64s(limit)}, strides = ${i64s(strides)}`;
  return g.add('stablehlo.slice', [x], { shape, type: x.type }, attributes);
}

export const dynamicSlice = (g: Graph, x: Node, starts: readonly Node[], sizes: Shape): Node =>
  g.add('stablehlo.dynamic_slice', [x, ...starts], { shape: sizes, type: x.type }, `slice_sizes = ${i64s(sizes)}`);

export const reverse = (g: Graph, x: Node, dimensions: Shape): Node =>
  g.add('stablehlo.reverse', [x], { shape: x.shape, type: x.type }, `dimensions = ${i64s(dimensions)}`);

export function concatenate(g: Graph, xs: readonly Node[], dimension: number): Node {
  if (xs.length === 1) return xs[0]!;
  const shape = [...xs[0]!.shape];
  shape[dimension] = xs.reduce((n, x) => n + x.shape[dimension]!, 0);
  return g.add('stablehlo.concatenate', xs, { shape, type: xs[0]!.type }, `dimension = ${dimension} : i64`);
}

export function pad(g: Graph, x: Node, value: Node, low: Shape, high: Shape): Node {
  const shape = x.shape.map((d, i) => d + low[i]! + high[i]!);
  const none = i64s(x.shape.map(() => 0));
  const attributes = `edge_padding_low = ${i64s(low)}, edge_padding_high = ${i64s(high)}, interior_padding = ${none}`;
  return g.add('stablehlo.pad', [x, value], { shape, type: x.type }, attributes);
}

export const iota = (g: Graph, shape: Shape, dimension: number, type: ElementType = 'i32'): Node =>
  g.add('stablehlo.iota', [], { shape, type }, `iota_dimension = ${dimension} : i64`);

/** Reduces dimensions by an associative operation, starting from `initial`. */
export function reduce(g: Graph, op: string, x: Node, dimensions: Shape, initial: number): Node {
  if (dimensions.length === 0) return x;
  const shape = x.shape.filter((_, i) => !dimensions.includes(i));
  const scalar: TensorType = { shape: [], type: x.type };
  const region = g.region([scalar, scalar], 1, ([a, b]) => [binary(g, op, a!, b!)]);
  const start = fill(g, initial, [], x.type);
  return g.add('stablehlo.reduce', [x, start], { shape, type: x.type }, `dimensions = ${i64s(dimensions)}`, [region]);
}

/** Index (i32) of the largest (or smallest) element along a dimension; the first of equals. */
export function argReduce(g: Graph, x: Node, dimension: number, direction: 'GT' | 'LT'): Node {
  const index = iota(g, x.shape, dimension);
  const value: TensorType = { shape: [], type: x.type };
  const position: TensorType = { shape: [], type: 'i32' };
  const region = g.region([value, position, value, position], 1, ([v, i, w, j]) => {
    const better = compare(g, direction, v!, w!);
    const equal = compare(g, 'EQ', v!, w!);
    const earlier = compare(g, 'LT', i!, j!);
    const first = binary(g, 'stablehlo.or', better, binary(g, 'stablehlo.and', equal, earlier));
    return [select(g, first, v!, w!), select(g, first, i!, j!)];
  });
  const shape = x.shape.filter((_, i) => i !== dimension);
  const limits = x.type === 'i32' ? INT32 : FLOAT32;
  const worst = fill(g, direction === 'GT' ? limits.lowest : limits.highest, [], x.type);
  const starts = [worst, fill(g, 0, [], 'i32')];
  const results: TensorType[] = [
    { shape, type: x.type },
    { shape, type: 'i32' },
  ];
  const reduced = g.addMany('stablehlo.reduce', [x, index, ...starts], results, `dimensions = ${i64s([dimension])}`, [
    region,
  ]);
  return g.result(reduced, 1);
}

/** Inclusive sums along a dimension. */
export function cumulativeSum(g: Graph, x: Node, dimension: number): Node {
  const n = x.shape[dimension]!;
  const window = x.shape.map((_, i) => (i === dimension ? n : 1));
  const ones = i64s(x.shape.map(() => 1));
  const padding = x.shape.map((_, i) => `[${i === dimension ? n - 1 : 0}, 0]`).join(', ');
  const scalar: TensorType = { shape: [], type: x.type };
  const region = g.region([scalar, scalar], 1, ([a, b]) => [binary(g, 'stablehlo.add', a!, b!)]);
  const attributes =
    `window_dimensions = ${i64s(window)}, window_strides = ${ones}, base_dilations = ${ones}, window_dilations = ${ones}, ` +
    `padding = dense<[${padding}]> : tensor<${x.shape.length}x2xi64>`;
  return g.add('stablehlo.reduce_window', [x, fill(g, 0, [], x.type)], x, attributes, [region]);
}

/** GPUs would otherwise round float32 factors to TensorFloat-32 (10 bits). */
const FULL_FLOAT32 = ', precision_config = [#stablehlo<precision HIGHEST>, #stablehlo<precision HIGHEST>]';

/**
 * Matrix product over the last two dimensions; leading dimensions are the batch and must agree.
 * `a` [..., m, k] (or [..., k, m] when transposeA), `b` [..., k, n] (or [..., n, k] when transposeB) -> [..., m, n].
 */
export function matMul(
  g: Graph,
  a: Node,
  b: Node,
  transposeA: boolean,
  transposeB: boolean,
  result: ElementType,
): Node {
  const rank = a.shape.length;
  const contractA = rank - (transposeA ? 2 : 1);
  const contractB = rank - (transposeB ? 1 : 2);
  const m = a.shape[rank - (transposeA ? 1 : 2)]!;
  const n = b.shape[rank - (transposeB ? 2 : 1)]!;
  const batch = range(rank - 2);
  const shape = [...a.shape.slice(0, -2), m, n];
  g.matmulFlops += 2 * sizeOf(shape) * a.shape[contractA]! * g.repetitions;
  const dimensions = [
    ...(batch.length > 0
      ? [`lhs_batching_dimensions = [${batch.join(', ')}]`, `rhs_batching_dimensions = [${batch.join(', ')}]`]
      : []),
    `lhs_contracting_dimensions = [${contractA}]`,
    `rhs_contracting_dimensions = [${contractB}]`,
  ];
  return g.add(
    'stablehlo.dot_general',
    [a, b],
    { shape, type: result },
    `dot_dimension_numbers = #stablehlo.dot<${dimensions.join(', ')}>${a.type === 'f32' ? FULL_FLOAT32 : ''}`,
  );
}

/** Rows of `x` along a dimension: the result has that dimension replaced by the shape of `indices`. */
export function gather(g: Graph, x: Node, indices: Node, dimension: number): Node {
  const before = x.shape.slice(0, dimension);
  const after = x.shape.slice(dimension + 1);
  const k = indices.shape.length;
  const shape = [...before, ...indices.shape, ...after];
  const offsets = [...range(before.length), ...range(after.length, before.length + k)];
  const numbers = `offset_dims = [${offsets.join(', ')}], collapsed_slice_dims = [${dimension}], start_index_map = [${dimension}], index_vector_dim = ${k}`;
  const sizes = x.shape.map((d, i) => (i === dimension ? 1 : d));
  const attributes = `dimension_numbers = #stablehlo.gather<${numbers}>, indices_are_sorted = false, slice_sizes = ${i64s(sizes)}`;
  return g.add('stablehlo.gather', [x, indices], { shape, type: x.type }, attributes);
}

/** One row (or element) of `x` per index vector: `indices` [..., k] address the first k dimensions. */
export function gatherNd(g: Graph, x: Node, indices: Node): Node {
  const outer = indices.shape.slice(0, -1);
  const k = indices.shape.at(-1)!;
  const shape = [...outer, ...x.shape.slice(k)];
  const keyed = range(k).join(', ');
  const numbers = `offset_dims = [${range(x.shape.length - k, outer.length).join(', ')}], collapsed_slice_dims = [${keyed}], start_index_map = [${keyed}], index_vector_dim = ${outer.length}`;
  const sizes = x.shape.map((d, i) => (i < k ? 1 : d));
  const attributes = `dimension_numbers = #stablehlo.gather<${numbers}>, indices_are_sorted = false, slice_sizes = ${i64s(sizes)}`;
  return g.add('stablehlo.gather', [x, indices], { shape, type: x.type }, attributes);
}

/**
 * Adds (or writes) `updates` into `base` at index vectors `indices` [..., k], which address the first k dimensions.
 */
export function scatter(g: Graph, base: Node, indices: Node, updates: Node, combine: 'add' | 'replace'): Node {
  const outer = indices.shape.length - 1;
  const k = indices.shape.at(-1)!;
  const keyed = range(k).join(', ');
  const window = range(base.shape.length - k, outer).join(', ');
  const numbers = `update_window_dims = [${window}], inserted_window_dims = [${keyed}], scatter_dims_to_operand_dims = [${keyed}], index_vector_dim = ${outer}`;
  const scalar: TensorType = { shape: [], type: base.type };
  const region = g.region([scalar, scalar], 1, ([old, update]) => [
    combine === 'add' ? binary(g, 'stablehlo.add', old!, update!) : update!,
  ]);
  const attributes = `scatter_dimension_numbers = #stablehlo.scatter<${numbers}>, indices_are_sorted = false, unique_indices = false`;
  return g.add('stablehlo.scatter', [base, indices, updates], base, attributes, [region]);
}

/** The operands, behind a barrier that the compiler moves nothing across. */
export function barrier(g: Graph, xs: readonly Node[]): Node[] {
  const node = g.addMany(
    'stablehlo.optimization_barrier',
    xs,
    xs.map(({ shape, type }) => ({ shape, type })),
  );
  return xs.length === 1 ? [node] : xs.map((_, i) => g.result(node, i));
}
