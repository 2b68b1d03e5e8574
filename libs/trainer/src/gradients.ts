import * as tf from '@tensorflow/tfjs';
import type { Tensors } from '@orestes/engine';

/**
 * Gradients of a loss, and whatever else its computation made.
 * @param f called once; the loss is a float []
 * @returns `gradients` by parameter name; `aux` without gradient
 */
export function differentiate(
  parameters: Tensors,
  f: () => { loss: tf.Tensor; aux: Tensors },
): { gradients: Tensors; aux: Tensors } {
  const names = Object.keys(parameters);
  let made: Tensors = {};
  const { grads } = tf.valueAndGrads(() => {
    const { loss, aux } = f();
    made = kept(aux);
    return loss;
  })(names.map((name) => parameters[name]!));
  return { gradients: Object.fromEntries(names.map((name, i) => [name, grads[i]!])), aux: released(made) };
}

/** tfjs disposes what a differentiated function makes, unless it is kept. */
const kept = (tensors: Tensors): Tensors => mapped(tensors, (t) => tf.keep(tf.clone(t)));

/** Hands kept tensors to the scope around. */
const released = (tensors: Tensors): Tensors =>
  mapped(tensors, (t) => {
    const copy = tf.clone(t);
    t.dispose();
    return copy;
  });

const mapped = (tensors: Tensors, f: (t: tf.Tensor) => tf.Tensor): Tensors =>
  Object.fromEntries(Object.entries(tensors).map(([name, t]) => [name, f(t)]));
