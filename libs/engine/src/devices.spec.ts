import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import * as tf from '@tensorflow/tfjs';
import type { CompileOptions, HostArrays, Specs, Step } from './engine.js';
import { RandomStream } from './random.js';
import { bits, float, int, runOnce } from './testing/run.js';
import { stepKey } from './threefry.js';
import { sumOverMicroBatches } from './trace/loops.js';
import { XlaEngine } from './xla.js';

const COUNTS = [1, 2, 4] as const;
const engines = new Map<number, XlaEngine>();
beforeAll(() => COUNTS.forEach((n) => engines.set(n, XlaEngine.create('cpu', n))));
afterAll(() => engines.forEach((e) => e.dispose()));

const ROWS = 16;
const weights: Specs = { 'w/in': float(6, 8), 'w/out': float(8, 1), 'w/bias': float(1) };
const moments: Specs = Object.fromEntries(Object.entries(weights).map(([name, spec]) => [`m/${name}`, spec]));
const specs: Specs = { ...weights, ...moments };
const batchSpecs: Specs = { x: float(ROWS, 6), y: float(ROWS), key: int(2), rate: float() };

/** Gradient descent with momentum on a small network with dropout, the batch in two micro-batches. */
const step: Step = (state, { x, y, key, rate }) => {
  const names = Object.keys(weights);
  const sums = sumOverMicroBatches(2, { x: x!, y: y! }, (micro, index) => {
    const loss = (...w: tf.Tensor[]) => {
      const stream = new RandomStream(key!, index);
      const hidden = stream.dropout(tf.tanh(tf.matMul(micro['x']!, w[0]!)), 0.2);
      const out = tf.add(tf.reshape(tf.matMul(hidden, w[1]!), [-1]), w[2]!);
      return tf.div(tf.sum(tf.square(tf.sub(out, micro['y']!))), ROWS);
    };
    const { value, grads } = tf.valueAndGrads(loss)(names.map((name) => state[name]!));
    return { loss: value, ...Object.fromEntries(names.map((name, i) => [name, grads[i]!])) };
  });
  const next: Record<string, tf.Tensor> = {};
  for (const name of names) {
    next[`m/${name}`] = tf.add(tf.mul(state[`m/${name}`]!, 0.9), sums[name]!);
    next[name] = tf.sub(state[name]!, tf.mul(next[`m/${name}`]!, rate!));
  }
  return { state: next, outputs: { loss: sums['loss']! } };
};

const options: CompileOptions = {
  name: 'descent',
  stateSharding: (name) => (name.startsWith('m/') ? 'split' : 'replicated'),
  replicatedBatch: ['key'],
};

async function train(devices: number, steps: number) {
  const engine = engines.get(devices)!;
  const arrays = Object.fromEntries(
    Object.entries(specs).map(([name, { shape }], k) => [
      name,
      Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) =>
        name.startsWith('m/') ? 0 : Math.sin(i + 5 * k) / 2,
      ),
    ]),
  );
  const state = engine.upload(arrays, specs, options.stateSharding);
  const program = await engine.compile(step, { state: specs, batch: batchSpecs }, options);
  const losses: number[] = [];
  for (let t = 0; t < steps; t++) {
    const batch: HostArrays = {
      x: Float32Array.from({ length: ROWS * 6 }, (_, i) => Math.cos(i * (t + 1))),
      y: Float32Array.from({ length: ROWS }, (_, i) => Math.sin(i + t)),
      key: stepKey(1, t),
      rate: Float32Array.of(0.05),
    };
    losses.push((await program.run(state, batch))['loss']![0]!);
  }
  const final = await state.download();
  state.dispose();
  program.dispose();
  return { losses, final };
}

describe('several devices', () => {
  it.each(COUNTS)('%d are there', (n) => {
    expect(engines.get(n)!.deviceCount).toBe(n);
    expect(new Set(engines.get(n)!.describe().devices).size).toBe(n);
  });

  it('compute what one does: losses, weights and split moments of 20 steps', async () => {
    const one = await train(1, 20);
    expect(one.losses.at(-1)).toBeLessThan(one.losses[0]!);
    for (const n of [2, 4]) {
      const several = await train(n, 20);
      several.losses.forEach((loss, t) => expect(loss).toBeCloseTo(one.losses[t]!, 6));
      for (const [name, values] of Object.entries(one.final))
        values.forEach((v, i) => expect(several.final[name]![i]).toBeCloseTo(v, 6));
    }
  });

  it('draw the same random numbers, bit for bit', async () => {
    const draw = (n: number) =>
      runOnce(
        engines.get(n)!,
        ({ key, x }) => ({ u: tf.mul(new RandomStream(key!).uniform([8, 3]), x!) }),
        { key: int(2), x: float(8, 3) },
        { key: stepKey(3, 1), x: new Float32Array(24).fill(1) },
        { name: 'uniform', replicatedBatch: ['key'] },
      );
    const [one, two, four] = await Promise.all(COUNTS.map(draw));
    expect(bits(two!['u']!)).toEqual(bits(one!['u']!));
    expect(bits(four!['u']!)).toEqual(bits(one!['u']!));
  });

  it('hold a share of the split moments each', async () => {
    const argumentBytes = async (stateSharding: CompileOptions['stateSharding']) => {
      const program = await engines
        .get(2)!
        .compile(step, { state: specs, batch: batchSpecs }, { ...options, stateSharding });
      program.dispose();
      return program.statistics.memory!.arguments;
    };
    const saved = (await argumentBytes(() => 'replicated')) - (await argumentBytes(options.stateSharding));
    expect(saved).toBe((4 * (6 * 8 + 8)) / 2); // the bias has one row: it stays whole
  });

  it('give back split state whole and in order', async () => {
    const values = Float32Array.from({ length: 24 }, (_, i) => i);
    const state = engines
      .get(4)!
      .upload({ a: values, odd: values }, { a: float(8, 3), odd: float(3, 8) }, () => 'split');
    expect(await state.download()).toEqual({ a: values, odd: values });
    state.dispose();
  });

  it.each([
    [2, 15],
    [4, 18],
    [4, 2],
  ])('%d refuse a batch of %d rows', async (n, rows) => {
    const compiling = engines
      .get(n)!
      .compile(
        (_, { x }) => ({ state: {}, outputs: { s: tf.sum(x!) } }),
        { state: {}, batch: { x: float(rows, 2) } },
        { name: 'sum' },
      );
    await expect(compiling).rejects.toMatchObject({
      code: 'ENGINE_DEVICES',
      message: `sum: x has ${rows} rows, which ${n} devices do not divide (choose a batch size that is a multiple of ${n})`,
    });
  });
});
