import type * as tf from '@tensorflow/tfjs';

/** An input of a case: its values in row-major order. */
export interface Input {
  readonly dtype: 'float32' | 'int32' | 'bool';
  readonly shape: readonly number[];
  readonly values: readonly number[];
}

/** One use of a kernel. Gradients of its float inputs are compared too, unless `gradient` is false. */
export interface OpCase {
  readonly what: string;
  readonly inputs: readonly Input[];
  readonly f: (...inputs: tf.Tensor[]) => tf.Tensor | tf.Tensor[];
  readonly gradient?: false;
}

export type OpTable = Readonly<Record<string, readonly OpCase[]>>;

const sizeOf = (shape: readonly number[]) => shape.reduce((a, b) => a * b, 1);

/** Floats in [-2, 2), all different, in no order. */
export const floats = (...shape: number[]): Input => ({
  dtype: 'float32',
  shape,
  values: Array.from({ length: sizeOf(shape) }, (_, i) => ((i * 0.618034 + 0.137) % 1) * 4 - 2),
});

/** Floats in (0.1, 2.1). */
export const positive = (...shape: number[]): Input => {
  const { values } = floats(...shape);
  return { dtype: 'float32', shape, values: values.map((v) => v / 2 + 1.1) };
};

export const floatsOf = (values: readonly number[], shape: readonly number[] = [values.length]): Input => ({
  dtype: 'float32',
  shape,
  values,
});
export const intsOf = (values: readonly number[], shape: readonly number[] = [values.length]): Input => ({
  dtype: 'int32',
  shape,
  values,
});
export const boolsOf = (values: readonly number[], shape: readonly number[] = [values.length]): Input => ({
  dtype: 'bool',
  shape,
  values,
});

/** Values that break naive formulas. */
export const SPECIAL = floatsOf([0, -0, 1, -1, 0.5, -0.5, 1e-30, -1e30, 88, -104, Infinity, -Infinity, NaN]);

/** A case that runs `f` on inputs; `gradient: false` where there is none to compare. */
export const op = (what: string, inputs: readonly Input[], f: OpCase['f']): OpCase => ({ what, inputs, f });
export const valueOnly = (what: string, inputs: readonly Input[], f: OpCase['f']): OpCase => ({
  what,
  inputs,
  f,
  gradient: false,
});
