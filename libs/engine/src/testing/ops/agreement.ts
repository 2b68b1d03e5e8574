import * as tf from '@tensorflow/tfjs';
import type { Engine, HostArrays, Specs, Tensors } from '../../engine.js';
import { expectClose } from '../close.js';
import { runOnce } from '../run.js';
import type { Input, OpCase } from './case.js';

/** Runs cases on two engines, all in one step, and compares values and gradients. @throws Error naming the first difference */
export async function expectAgreement(
  engine: Engine,
  reference: Engine,
  kernel: string,
  cases: readonly OpCase[],
): Promise<void> {
  const step = (batch: Tensors) => results(cases, batch);
  const [specs, arrays] = [specsOf(cases), arraysOf(cases)];
  const expected = await runOnce(reference, step, specs, arrays);
  const got = await runOnce(engine, step, specs, arrays, { name: kernel });
  const text = (key: string) =>
    `${kernel}, ${cases[Number.parseInt(key)]!.what}: ${key.slice(key.indexOf('.') + 1)} on ${engine.name}`;
  for (const [key, values] of Object.entries(expected)) expectClose(text(key), got[key]!, values);
}

const named = (cases: readonly OpCase[]) =>
  cases.flatMap((c, i) => c.inputs.map((input, k) => [`${i}/${k}`, input] as const));

const specsOf = (cases: readonly OpCase[]): Specs =>
  Object.fromEntries(
    named(cases).map(([name, { shape, dtype }]) => [name, { shape, dtype: dtype === 'float32' ? 'float32' : 'int32' }]),
  );

const arraysOf = (cases: readonly OpCase[]): HostArrays =>
  Object.fromEntries(
    named(cases).map(([name, { dtype, values }]) => [
      name,
      dtype === 'float32' ? Float32Array.from(values) : Int32Array.from(values),
    ]),
  );

/** Values of each case (`i.value.j`), and gradients of a weighted sum of them (`i.gradient.k`). */
function results(cases: readonly OpCase[], batch: Tensors): Tensors {
  const out: Tensors = {};
  cases.forEach((c, i) => {
    const inputs = c.inputs.map((input, k) => asGiven(input, batch[`${i}/${k}`]!));
    [c.f(...inputs)].flat().forEach((t, j) => (out[`${i}.value.${j}`] = t));
    const floats = c.inputs.flatMap(({ dtype }, k) => (dtype === 'float32' ? [k] : []));
    if (c.gradient === false || floats.length === 0) return;
    const loss = (...xs: tf.Tensor[]) => weightedSum(c.f(...inputs.map((t, k) => xs[floats.indexOf(k)] ?? t)));
    tf.grads(loss)(floats.map((k) => inputs[k]!)).forEach((g, k) => (out[`${i}.gradient.${floats[k]}`] = g));
  });
  return out;
}

const asGiven = (input: Input, t: tf.Tensor): tf.Tensor => (input.dtype === 'bool' ? tf.cast(t, 'bool') : t);

/** Weights that differ, so that a gradient at a wrong place shows. */
function weightedSum(values: tf.Tensor | tf.Tensor[]): tf.Tensor {
  const sums = [values].flat().map((t, j) => {
    const weights = Float32Array.from({ length: t.size }, (_, i) => Math.sin(1 + i + 7 * j) + 1.5);
    return tf.sum(tf.mul(t, tf.tensor(weights, t.shape)));
  });
  return sums.reduce((a, b) => tf.add(a, b));
}
