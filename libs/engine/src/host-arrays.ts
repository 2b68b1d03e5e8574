import { OrestesError } from '@orestes/contracts';
import type { DType, HostArray, HostArrays, Specs, TensorSpec } from './engine.js';

export const sizeOf = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

/** How messages name a tensor's type. */
export const specText = ({ dtype, shape }: TensorSpec): string => `${dtype} [${shape.join(', ')}]`;

export const emptyArray = ({ dtype, shape }: TensorSpec): HostArray =>
  dtype === 'float32' ? new Float32Array(sizeOf(shape)) : new Int32Array(sizeOf(shape));

const dtypeOf = (values: HostArray): DType =>
  Object.prototype.toString.call(values).includes('Float32') ? 'float32' : 'int32';

/**
 * The values of one input, of the type and size that its spec says.
 * @param place what messages call the input: `batch` or `state`
 * @throws OrestesError ENGINE_INPUT
 */
export function inputArray(place: string, arrays: HostArrays, name: string, spec: TensorSpec): HostArray {
  const values = arrays[name];
  const fits =
    values !== undefined &&
    ArrayBuffer.isView(values) &&
    dtypeOf(values) === spec.dtype &&
    values.length === sizeOf(spec.shape);
  if (fits) return values;
  const given = values === undefined ? 'missing' : `${values.constructor.name} of ${values.length}`;
  throw new OrestesError('ENGINE_INPUT', `${place}.${name}: ${given} (needed: ${specText(spec)})`);
}

/**
 * What a step returns as state must be declared, with the same type.
 * @throws OrestesError ENGINE_TRACE
 */
export function checkNextState(declared: Specs, name: string, got: { dtype: string; shape: readonly number[] }): void {
  const spec = declared[name];
  const text = `${got.dtype} [${got.shape.join(', ')}]`;
  if (spec && specText(spec) === text) return;
  throw new OrestesError(
    'ENGINE_TRACE',
    `the step returns state ${name} as ${text}, declared ${spec ? specText(spec) : 'no such state'}`,
  );
}
