import { expect, it } from '@jest/globals';
import * as tf from '@tensorflow/tfjs';
import { EagerEngine } from '../eager.js';
import type { EagerName } from '../tfjs-backends.js';
import { float } from './run.js';

/** Declares the test that an eager engine frees what its steps make. */
export function keepsNoTensors(name: EagerName): void {
  it('frees every tensor', async () => {
    const engine = await EagerEngine.create(name);
    const specs = { w: float(8, 8) };
    const before = tf.memory().numTensors;
    const state = engine.upload({ w: new Float32Array(64).fill(0.1) }, specs);
    const program = await engine.compile(
      (s) => {
        const { value, grad } = tf.valueAndGrad((w: tf.Tensor) => tf.sum(tf.square(w)))(s['w']!);
        return { state: { w: tf.sub(s['w']!, grad) }, outputs: { loss: value } };
      },
      { state: specs, batch: {} },
      { name: 'step' },
    );
    for (let i = 0; i < 5; i++) await program.run(state, {});
    expect(tf.memory().numTensors).toBe(before + 1);
    state.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });
}
