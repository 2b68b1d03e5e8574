import { afterAll, beforeAll, describe, it } from '@jest/globals';
import type { EncoderConfig } from '@orestes/contracts';
import type { Engine, HostArrays, Tensors } from '@orestes/engine';
import { encode, encoderParameters, pretrainStep, tensorSpecs } from '@orestes/trainer';
import * as tf from '@tensorflow/tfjs';
import { ENGINES, openEngine, runOnce } from './engines.js';
import { cases, encoderConfig, expectClose, parameterValues, readTensors, under, values } from './fixture.js';
import { pretrainSpec } from './spec.js';

/** Of float32 against JAX in float64: a gradient sums over some 300 terms and passes two layers. */
const TOLERANCE = 1e-5;
/** Gradients of key biases are 0 but for rounding: those of other parameters are some 1 to 10. */
const SIZE = 0.1;
/** XLA compiles for seconds, and longer where other tests take its cores. */
const TIMEOUT_MS = 300_000;
const ROWS = 2;
const expected = readTensors('encoders.safetensors');
const batch = { tokens: expected['tokens']!, length: expected['length']! };
const batchArrays: HostArrays = { tokens: batch.tokens.data, length: batch.length.data };
const names = Object.keys(cases.encoders);

/** Hidden states, and gradients of sum(hidden * cotangent). */
async function forwardAndBackward(engine: Engine, name: string, config: EncoderConfig, remat: boolean) {
  const parameters = encoderParameters('encoder', config, cases.vocabulary);
  const shape = [ROWS * cases.length, config.hidden];
  const cotangent = { shape, dtype: 'float32' as const };
  const arrays = {
    ...parameterValues(parameters),
    ...batchArrays,
    cotangent: values(`${name}/cotangent`, shape, -1, 1),
  };
  const keys = Object.keys(parameters);
  return runOnce(engine, { ...tensorSpecs(parameters), ...batch, cotangent }, arrays, (inputs: Tensors) => {
    const run = (p: Tensors) =>
      encode(p, 'encoder', config, { tokens: inputs['tokens']!, length: inputs['length']! }, { dropout: null, remat });
    const loss = (...p: tf.Tensor[]) =>
      tf.sum(tf.mul(run(Object.fromEntries(keys.map((k, i) => [k, p[i]!]))), inputs['cotangent']!));
    const gradients = tf.grads(loss)(keys.map((k) => inputs[k]!));
    return { hidden: run(inputs), ...Object.fromEntries(keys.map((k, i) => [`gradient/${k}`, gradients[i]!])) };
  });
}

describe.each(ENGINES)('on %s', (engineName) => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await openEngine(engineName);
  });
  afterAll(() => engine.dispose());

  it.each(names)(
    'the encoder %s and its gradients equal JAX',
    async (name) => {
      const got = await forwardAndBackward(engine, name, encoderConfig(cases.encoders[name]!), false);
      expectClose(got, under(expected, `${name}/`), TOLERANCE, SIZE);
    },
    TIMEOUT_MS,
  );

  it(
    'layers computed again in the backward pass give the same',
    async () => {
      const got = await forwardAndBackward(engine, 'all-admin', encoderConfig(cases.encoders['all-admin']!), true);
      expectClose(got, under(expected, 'all-admin/'), TOLERANCE, SIZE);
    },
    TIMEOUT_MS,
  );

  it("Admin's profile equals variances taken by NumPy", async () => {
    const encoder = encoderConfig({ ...cases.encoders['absolute'], admin: 'profiled' });
    const spec = pretrainSpec({ recipe: 'roberta', model: { encoder }, batchSize: ROWS });
    const { parameters, profile } = pretrainStep(spec, { vocabularySize: cases.vocabulary, selections: 1 });
    const program = await engine.compile(profile!.step, profile!, { name: 'profile' });
    const state = engine.upload(parameterValues(parameters), profile!.state);
    const none = new Int32Array(ROWS * cases.length).fill(-1);
    const selected = { positions: new Int32Array(ROWS), weights: new Float32Array(ROWS).fill(1), slot: none };
    await program.run(state, { ...batchArrays, masked: batchArrays['tokens']!, ...selected, key: new Int32Array(2) });
    const branches = [0, 1].flatMap((i) => ['attention', 'ffn'].map((b) => `encoder/layer_${i}/${b}/omega`));
    const measured = [...expected['admin-profiled']!.data];
    const wanted = branches.map((b, i) => [b, new Float32Array(encoder.hidden).fill(measured[i]!)] as const);
    expectClose(await state.download(branches), Object.fromEntries(wanted), TOLERANCE);
  });
});
