import * as tf from '@tensorflow/tfjs';

interface Call {
  inputs: Readonly<Record<string, tf.TensorInfo>>;
  attrs: Readonly<Record<string, unknown>>;
}

const always = () => true;
const isInteger = ({ inputs }: Call) => Object.values(inputs).some((t) => t.dtype !== 'float32');

/**
 * Where tfjs's wasm backend has no kernel, or one that answers wrongly (float one-hot vectors hold integer bits; a cast to
 * bool keeps the low byte; an integer division by zero ends the process), tfjs's plain JavaScript kernel runs instead.
 */
const ON_HOST: Readonly<Record<string, (call: Call) => boolean>> = {
  BatchMatMul: isInteger,
  Cast: ({ attrs }) => attrs['dtype'] === 'bool',
  FloorDiv: always,
  IsFinite: isInteger,
  IsInf: isInteger,
  IsNan: isInteger,
  Mod: isInteger,
  OneHot: ({ attrs }) => attrs['dtype'] !== 'int32',
  Prod: ({ inputs }) => tf.util.sizeFromShape(inputs['x']!.shape) === 0,
  Reciprocal: isInteger,
  Sign: always,
};

export const WASM_NOTES = [
  `in plain JavaScript, where the kernel of tfjs wasm is missing or wrong: UnsortedSegmentSum, ${Object.keys(ON_HOST).join(', ')}`,
  'maximum, minimum and clip drop NaN',
];

/** Call before the wasm backend starts, when the cpu backend has. */
export function mendWasmKernels(): void {
  for (const [kernel, wrong] of Object.entries(ON_HOST)) replaceWhere(kernel, wrong);
  tf.registerKernel({ kernelName: tf.UnsortedSegmentSum, backendName: 'wasm', kernelFunc: segmentSum });
}

function replaceWhere(kernelName: string, wrong: (call: Call) => boolean): void {
  const own = tf.getKernel(kernelName, 'wasm');
  tf.unregisterKernel(kernelName, 'wasm');
  tf.registerKernel({
    ...own,
    kernelFunc: (params) => (wrong(params as unknown as Call) ? runOnHost(kernelName, params) : own.kernelFunc(params)),
  });
}

type KernelParams = Parameters<tf.KernelFunc>[0];

function runOnHost(kernelName: string, { inputs, attrs, backend }: KernelParams): tf.TensorInfo {
  const [wasm, cpu] = [backend as tf.KernelBackend, tf.findBackend('cpu')];
  const copy = ({ dataId, shape, dtype }: tf.TensorInfo, from: tf.KernelBackend, to: tf.KernelBackend) => ({
    dataId: to.write(from.readSync(dataId), shape, dtype),
    shape,
    dtype,
  });
  const given = Object.fromEntries(
    Object.entries(inputs).map(([name, t]) => [name, copy(t as tf.TensorInfo, wasm, cpu)]),
  );
  const result = tf
    .getKernel(kernelName, 'cpu')
    .kernelFunc({ inputs: given, attrs: attrs!, backend: cpu }) as tf.TensorInfo;
  const out = copy(result, cpu, wasm);
  for (const { dataId } of [...Object.values(given), result]) cpu.disposeData(dataId);
  return out;
}

/** Rows of `x` added up by segment: the gradient of embedding look-ups. Ids outside [0, numSegments) are left out. */
function segmentSum({ inputs, attrs }: KernelParams): tf.TensorInfo {
  const { x, segmentIds } = inputs as { x: tf.TensorInfo; segmentIds: tf.TensorInfo };
  const { numSegments } = attrs as unknown as { numSegments: number };
  const read = (t: tf.TensorInfo) => tf.engine().backend.readSync(t.dataId) as Float32Array | Int32Array;
  const shape = [numSegments, ...x.shape.slice(segmentIds.shape.length)];
  const width = tf.util.sizeFromShape(shape.slice(1));
  const [rows, segments] = [read(x), read(segmentIds)];
  const sums = x.dtype === 'int32' ? new Int32Array(numSegments * width) : new Float32Array(numSegments * width);
  segments.forEach((segment, row) => {
    if (segment < 0 || segment >= numSegments) return;
    for (let i = 0; i < width; i++) sums[segment * width + i]! += rows[row * width + i]!;
  });
  return tf.tensor(sums, shape, x.dtype);
}
