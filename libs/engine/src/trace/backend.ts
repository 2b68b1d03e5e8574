import { OrestesError } from '@orestes/contracts';
import * as tf from '@tensorflow/tfjs';
import { type ElementType, Graph, type Node } from '../hlo/graph.js';
import { constant } from '../hlo/ops.js';

export const XLA_BACKEND = 'xla';
const ELEMENT_TYPES: Partial<Record<tf.DataType, ElementType>> = { float32: 'f32', int32: 'i32', bool: 'i1' };

export function elementType(dtype: tf.DataType): ElementType {
  const type = ELEMENT_TYPES[dtype];
  if (!type) throw new OrestesError('ENGINE_UNSUPPORTED_OP', `xla: tensors of type ${dtype} are not supported`);
  return type;
}

/** A tfjs backend whose tensors are nodes of a graph: running an op records it. */
export class TracingBackend extends tf.KernelBackend {
  private nodesByData = new WeakMap<tf.DataId, Node>();
  graph = new Graph();
  precision: 'f32' | 'bf16' = 'f32';

  /** Starts a new program. */
  begin(precision: 'f32' | 'bf16'): Graph {
    this.nodesByData = new WeakMap();
    this.graph = new Graph();
    this.precision = precision;
    return this.graph;
  }

  node(info: tf.TensorInfo): Node {
    const node = this.nodesByData.get(info.dataId);
    if (!node) throw new OrestesError('ENGINE_TRACE', 'xla: a step may use only its inputs and what it makes of them');
    return node;
  }

  info(node: Node, dtype: tf.DataType): tf.TensorInfo {
    const dataId = {};
    this.nodesByData.set(dataId, node);
    return { dataId, shape: [...node.shape], dtype };
  }

  tensor(node: Node, dtype: tf.DataType): tf.Tensor {
    return tf.engine().makeTensorFromTensorInfo(this.info(node, dtype));
  }

  override write(values: tf.backend_util.BackendValues, shape: number[], dtype: tf.DataType): tf.DataId {
    return this.info(constant(this.graph, values as ArrayLike<number>, shape, elementType(dtype)), dtype).dataId;
  }

  override move(dataId: tf.DataId, values: tf.backend_util.BackendValues, shape: number[], dtype: tf.DataType): void {
    this.nodesByData.set(dataId, constant(this.graph, values as ArrayLike<number>, shape, elementType(dtype)));
  }

  override readSync(): never {
    throw new OrestesError('ENGINE_TRACE', 'xla: a step must not read values: it is compiled before there are any');
  }

  override read(): Promise<never> {
    return Promise.reject(
      new OrestesError('ENGINE_TRACE', 'xla: a step must not read values: it is compiled before there are any'),
    );
  }

  override numDataIds = (): number => 0;
  override disposeData = (): boolean => true;
  override incRef = (): void => undefined;
  override refCount = (): number => 1;
  override timerAvailable = (): boolean => false;
  override floatPrecision = (): 16 | 32 => 32;
  override epsilon = (): number => 1e-7;
}

export const tracingBackend = new TracingBackend();
tf.registerBackend(XLA_BACKEND, () => tracingBackend, 0);

export interface Call {
  g: Graph;
  inputs: Record<string, Node>;
  attrs: Record<string, unknown>;
  /** The type that tfjs gives to the input. */
  dtypes: Record<string, tf.DataType>;
}

type Lowering = (call: Call) => Node | Node[];

/** Registers the lowering of one tfjs kernel. */
export function lower(kernelName: string, lowering: Lowering): void {
  tf.registerKernel({
    kernelName,
    backendName: XLA_BACKEND,
    kernelFunc: ({ inputs, attrs }) => {
      const given = Object.entries(inputs).filter((e): e is [string, tf.TensorInfo] => e[1] !== undefined);
      const result = lowering({
        g: tracingBackend.graph,
        inputs: Object.fromEntries(given.map(([name, info]) => [name, tracingBackend.node(info)])),
        dtypes: Object.fromEntries(given.map(([name, info]) => [name, info.dtype])),
        attrs: attrs ?? {},
      });
      return Array.isArray(result) ? result.map(toInfo) : toInfo(result);
    },
  });
}

const TFJS_TYPES: Record<ElementType, tf.DataType> = { f32: 'float32', bf16: 'float32', i32: 'int32', i1: 'bool' };
const toInfo = (node: Node): tf.TensorInfo => tracingBackend.info(node, TFJS_TYPES[node.type]);
