/** A tensor on the host: elements in row-major order. */
export interface HostTensor {
  /** Outermost dimension first; [] is a scalar. */
  readonly shape: readonly number[];
  readonly dtype: 'float32' | 'int32';
  readonly data: Float32Array | Int32Array;
}

/** Tensors by name. */
export type TensorFile = Record<string, HostTensor>;

/** Elements of a shape. */
export const elements = (shape: readonly number[]): number => shape.reduce((product, size) => product * size, 1);
