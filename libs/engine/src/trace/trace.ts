import { OrestesError } from '@orestes/contracts';
import * as tf from '@tensorflow/tfjs';
import type { Specs, Step, Tensors } from '../engine.js';
import { checkNextState } from '../host-arrays.js';
import type { Graph, Node } from '../hlo/graph.js';
import { convert } from '../hlo/ops.js';
import { elementType, tracingBackend, XLA_BACKEND } from './backend.js';
import './kernels/index.js';
import '../gradients.js';

export interface Traced {
  graph: Graph;
  /** Inputs in the order of the program's arguments: state, then batch. */
  state: ReadonlyMap<string, Node>;
  batch: ReadonlyMap<string, Node>;
  /** Results in the order of the program's results: new state, then outputs. */
  nextState: ReadonlyMap<string, Node>;
  outputs: ReadonlyMap<string, Node>;
}

/**
 * Runs a step on symbolic tensors and records what it does.
 * @throws OrestesError ENGINE_UNSUPPORTED_OP naming the op; ENGINE_TRACE when the step reads values or changes a state tensor's shape
 */
export function trace(step: Step, inputs: { state: Specs; batch: Specs }, precision: 'f32' | 'bf16'): Traced {
  const previous = tf.getBackend() as string | undefined; // none before the first use
  void tf.setBackend(XLA_BACKEND);
  const graph = tracingBackend.begin(precision);
  try {
    let traced: Traced | undefined;
    tf.tidy(() => {
      const [stateNodes, state] = parameters(graph, inputs.state);
      const [batchNodes, batch] = parameters(graph, inputs.batch);
      const result = step(state, batch);
      const nextState = resultNodes(graph, result.state);
      checkState(nextState, inputs.state);
      traced = { graph, state: stateNodes, batch: batchNodes, nextState, outputs: resultNodes(graph, result.outputs) };
    });
    return traced!;
  } catch (e) {
    throw named(e);
  } finally {
    if (previous) void tf.setBackend(previous);
  }
}

function parameters(graph: Graph, specs: Specs): [Map<string, Node>, Tensors] {
  const nodes = new Map<string, Node>();
  const tensors: Tensors = {};
  for (const [name, { shape, dtype }] of Object.entries(specs)) {
    const node = graph.parameter({ shape, type: elementType(dtype) });
    nodes.set(name, node);
    tensors[name] = tracingBackend.tensor(node, dtype);
  }
  return [nodes, tensors];
}

/** Results leave the program as float32 or int32: bool becomes int32. */
const resultNodes = (graph: Graph, tensors: Tensors): Map<string, Node> =>
  new Map(
    Object.entries(tensors).map(([name, t]) => {
      const node = tracingBackend.node(t);
      return [name, node.type === 'i1' ? convert(graph, node, 'i32') : node];
    }),
  );

function checkState(next: ReadonlyMap<string, Node>, specs: Specs): void {
  for (const [name, { type, shape }] of next)
    checkNextState(specs, name, { dtype: type === 'f32' ? 'float32' : 'int32', shape });
}

function named(e: unknown): unknown {
  const missing =
    e instanceof Error ? /Cannot find registered kernel '(\w+)'|Kernel '(\w+)' not registered/.exec(e.message) : null;
  if (!missing) return e;
  return new OrestesError('ENGINE_UNSUPPORTED_OP', `xla: no lowering for ${missing[1] ?? missing[2]}`, 1, { cause: e });
}
