import * as tf from '@tensorflow/tfjs';
import type { Tensors } from '../engine.js';
import type { Node } from '../hlo/graph.js';
import { barrier, binary, compare, dynamicSlice, fill, reshape } from '../hlo/ops.js';
import { tracingBackend, XLA_BACKEND } from './backend.js';

/**
 * Sums what `body` makes of each micro-batch. Micro-batch i holds rows i, i + n, i + 2n, ... of every tensor, so that a
 * batch split over devices stays where it is. Compiled, this is one loop whose memory is that of one micro-batch.
 * @param n micro-batches; every tensor's first dimension is a multiple of it
 * @param body float32 tensors of a micro-batch; `index` int32 []
 */
export function sumOverMicroBatches(
  n: number,
  batch: Tensors,
  body: (micro: Tensors, index: tf.Tensor) => Tensors,
): Tensors {
  if (n === 1) return body(batch, tf.scalar(0, 'int32'));
  return tf.getBackend() === XLA_BACKEND ? tracedLoop(n, batch, body) : eagerLoop(n, batch, body);
}

function eagerLoop(n: number, batch: Tensors, body: (micro: Tensors, index: tf.Tensor) => Tensors): Tensors {
  const micro = (i: number): Tensors =>
    Object.fromEntries(
      Object.entries(batch).map(([name, t]) => {
        const rest = t.shape.slice(1);
        const split = tf.reshape(t, [t.shape[0] / n, n, ...rest]);
        return [name, tf.reshape(tf.slice(split, [0, i], [t.shape[0] / n, 1]), [t.shape[0] / n, ...rest])];
      }),
    );
  let sums = body(micro(0), tf.scalar(0, 'int32'));
  for (let i = 1; i < n; i++) {
    const more = body(micro(i), tf.scalar(i, 'int32'));
    sums = Object.fromEntries(Object.entries(sums).map(([name, t]) => [name, tf.add(t, more[name]!)]));
  }
  return sums;
}

function tracedLoop(n: number, batch: Tensors, body: (micro: Tensors, index: tf.Tensor) => Tensors): Tensors {
  const g = tracingBackend.graph;
  const counter = { shape: [], type: 'i32' as const };
  const zero = fill(g, 0, [], 'i32');
  let names: string[] = [];
  // The first micro-batch runs before the loop: its results say what the loop carries.
  const run = (index: Node): Node[] => {
    const micro = Object.fromEntries(
      Object.entries(batch).map(([name, t]) => [
        name,
        tracingBackend.tensor(microRows(tracingBackend.node(t), n, index, zero), t.dtype),
      ]),
    );
    const sums = body(micro, tracingBackend.tensor(index, 'int32'));
    names = Object.keys(sums);
    return names.map((name) => tracingBackend.node(sums[name]!));
  };
  const first = run(zero);
  const carried = [counter, ...first.map(({ shape, type }) => ({ shape, type }))];
  const condition = g.region(carried, 1, ([i]) => [compare(g, 'LT', i!, fill(g, n, [], 'i32'))]);
  const loop = g.region(carried, n - 1, ([i, ...sums]) => {
    const more = run(i!);
    return [
      binary(g, 'stablehlo.add', i!, fill(g, 1, [], 'i32')),
      ...sums.map((s, k) => binary(g, 'stablehlo.add', s, more[k]!)),
    ];
  });
  const node = g.addMany('stablehlo.while', [fill(g, 1, [], 'i32'), ...first], carried, '', [condition, loop]);
  return Object.fromEntries(names.map((name, k) => [name, tracingBackend.tensor(g.result(node, k + 1), 'float32')]));
}

/** Rows i, i + n, ... of `x`. */
function microRows(x: Node, n: number, index: Node, zero: Node): Node {
  const g = tracingBackend.graph;
  const rest = x.shape.slice(1);
  const rows = x.shape[0]! / n;
  const split = reshape(g, x, [rows, n, ...rest]);
  const starts = [zero, index, ...rest.map(() => zero)];
  return reshape(g, dynamicSlice(g, split, starts, [rows, 1, ...rest]), [rows, ...rest]);
}

/**
 * Runs `f`, and runs it again in the backward pass instead of keeping its intermediate values (gradient checkpointing).
 * @param inputs everything that `f` depends on and that may need a gradient
 */
export function remat(f: (...inputs: tf.Tensor[]) => tf.Tensor, inputs: tf.Tensor[]): tf.Tensor {
  const op = tf.customGrad((...args) => {
    const save = args.at(-1) as tf.GradSaveFunc;
    const given = args.slice(0, -1) as tf.Tensor[];
    save(given);
    const value = f(...given);
    const gradFunc = (dy: tf.Tensor, saved: tf.Tensor[]) => {
      const [laterDy, ...later] = behindBarrier([dy, ...saved]);
      return besideTape(() => tf.grads((...xs: tf.Tensor[]) => f(...xs))(later, laterDy));
    };
    return { value, gradFunc };
  });
  return op(...inputs);
}

/** Differentiates while a backward pass is under way: tfjs would drop the tape that it is walking. */
function besideTape<T>(f: () => T): T {
  const { state } = tf.engine();
  const tape = state.activeTape;
  try {
    return f();
  } finally {
    state.activeTape = tape;
  }
}

/** Keeps the compiler from merging a second computation with the first. */
function behindBarrier(tensors: tf.Tensor[]): tf.Tensor[] {
  if (tf.getBackend() !== XLA_BACKEND) return tensors;
  const nodes = barrier(
    tracingBackend.graph,
    tensors.map((t) => tracingBackend.node(t)),
  );
  return nodes.map((node, i) => tracingBackend.tensor(node, tensors[i]!.dtype));
}
