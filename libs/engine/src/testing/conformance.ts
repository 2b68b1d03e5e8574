import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import * as tf from '@tensorflow/tfjs';
import type { Engine, HostArrays, Specs, Step, Tensors } from '../engine.js';
import { RandomStream } from '../random.js';
import { stepKey, uniformFill } from '../threefry.js';
import { remat, sumOverMicroBatches } from '../trace/loops.js';
import { bits, float, int, runOnce } from './run.js';

const KEY: Specs = { key: int(2) };
const keyOf = (seed: number) => stepKey(seed, 3);
const uniforms = (seed: number, use: number, n: number) =>
  uniformFill([...keyOf(seed)] as [number, number], use, new Float32Array(n));

/** Declares the tests that every engine passes. */
export function conformance(create: () => Promise<Engine>): void {
  let engine: Engine;
  beforeAll(async () => {
    engine = await create();
  });
  afterAll(() => engine.dispose());

  const outputsOf = (step: (batch: Tensors) => Tensors, batch: Specs, arrays: HostArrays) =>
    runOnce(engine, step, batch, arrays);

  describe('state', () => {
    const specs = { a: float(2, 2), b: float(2, 2), kept: float(3), count: int() };
    const initial = () => ({
      a: Float32Array.of(1, 2, 3, 4),
      b: Float32Array.of(5, 6, 7, 8),
      kept: Float32Array.of(9, 9, 9),
      count: Int32Array.of(7),
    });

    it.each<{ what: string; step: Step; after: (runs: number) => Partial<HostArrays> }>([
      {
        what: 'new values replace the old',
        step: (s) => ({
          state: { a: tf.add(s['a']!, 1), count: tf.add(s['count']!, tf.scalar(2, 'int32')) },
          outputs: {},
        }),
        after: (n) => ({ a: Float32Array.of(1 + n, 2 + n, 3 + n, 4 + n), count: Int32Array.of(7 + 2 * n) }),
      },
      {
        what: 'two tensors change places',
        step: (s) => ({ state: { a: s['b']!, b: s['a']! }, outputs: {} }),
        after: (n) => (n % 2 === 0 ? {} : { a: initial().b, b: initial().a }),
      },
      {
        what: 'one value goes to two names',
        step: (s) => ({ state: { a: s['a']!, b: s['a']! }, outputs: {} }),
        after: () => ({ b: initial().a }),
      },
      { what: 'nothing returned, nothing changed', step: () => ({ state: {}, outputs: {} }), after: () => ({}) },
    ])('$what', async ({ step, after }) => {
      const state = engine.upload(initial(), specs);
      const program = await engine.compile(step, { state: specs, batch: {} }, { name: 'state' });
      for (const runs of [1, 2, 3]) {
        await program.run(state, {});
        expect(await state.download()).toEqual({ ...initial(), ...after(runs) });
      }
      program.dispose();
      state.dispose();
    });

    it('keeps what was uploaded when the host array changes later', async () => {
      const arrays = initial();
      const state = engine.upload(arrays, specs);
      arrays.a.fill(0);
      expect(await state.download(['a'])).toEqual({ a: initial().a });
      state.dispose();
    });

    it('is shared by programs that know parts of it', async () => {
      const state = engine.upload(initial(), specs);
      const grow = await engine.compile(
        (s) => ({ state: { a: tf.mul(s['a']!, 2) }, outputs: {} }),
        { state: { a: specs.a }, batch: {} },
        { name: 'grow' },
      );
      const look = await engine.compile(
        (s) => ({ state: {}, outputs: { sum: tf.sum(tf.add(s['a']!, s['b']!)) } }),
        { state: { a: specs.a, b: specs.b }, batch: {} },
        { name: 'look' },
      );
      await grow.run(state, {});
      expect(await look.run(state, {})).toEqual({ sum: Float32Array.of(46) });
      state.dispose();
      await expect(look.run(state, {})).rejects.toMatchObject({ code: 'ENGINE_INPUT' });
    });

    it.each<[string, Step, string]>([
      [
        'another shape',
        (s) => ({ state: { a: tf.sum(s['a']!, 0) }, outputs: {} }),
        'state a as float32 [2], declared float32 [2, 2]',
      ],
      [
        'another type',
        (s) => ({ state: { a: tf.cast(s['a']!, 'int32') }, outputs: {} }),
        'state a as int32 [2, 2], declared float32 [2, 2]',
      ],
      [
        'another name',
        (s) => ({ state: { c: s['a']! }, outputs: {} }),
        'state c as float32 [2, 2], declared no such state',
      ],
    ])('refuses %s', async (_, step, message) => {
      const state = engine.upload(initial(), specs);
      const run = async () => (await engine.compile(step, { state: specs, batch: {} }, { name: 'bad' })).run(state, {});
      await expect(run()).rejects.toMatchObject({ code: 'ENGINE_TRACE', message: expect.stringContaining(message) });
      expect(await state.download()).toEqual(initial());
      state.dispose();
    });

    it.each<[string, HostArrays, string]>([
      ['a missing tensor', {}, 'state.a: missing (needed: float32 [2, 2])'],
      ['too few values', { a: new Float32Array(3) }, 'state.a: Float32Array of 3 (needed: float32 [2, 2])'],
      ['another type', { a: new Int32Array(4) }, 'state.a: Int32Array of 4 (needed: float32 [2, 2])'],
    ])('is not uploaded from %s', (_, arrays, message) => {
      expect(() => engine.upload(arrays, { a: float(2, 2) })).toThrow(message);
    });
  });

  describe('batch and outputs', () => {
    const batch = { x: float(2, 3), i: int(2) };
    const arrays = { x: Float32Array.of(1, 2, 3, 4, 5, 6), i: Int32Array.of(1, 0) };

    it('gives outputs by name, bool as int32, scalars as one value', async () => {
      const outputs = await outputsOf(
        ({ x, i }) => ({ rows: tf.gather(x!, i!.toInt()), large: tf.greater(x!, 3), sum: tf.sum(x!), same: i! }),
        batch,
        arrays,
      );
      expect(outputs).toEqual({
        rows: Float32Array.of(4, 5, 6, 1, 2, 3),
        large: Int32Array.of(0, 0, 0, 1, 1, 1),
        sum: Float32Array.of(21),
        same: Int32Array.of(1, 0),
      });
    });

    it.each<[string, HostArrays, string]>([
      ['a missing tensor', { x: arrays.x }, 'batch.i: missing (needed: int32 [2])'],
      ['too many values', { ...arrays, x: new Float32Array(7) }, 'batch.x: Float32Array of 7 (needed: float32 [2, 3])'],
      ['another type', { ...arrays, i: new Float32Array(2) }, 'batch.i: Float32Array of 2 (needed: int32 [2])'],
    ])('refuses %s and stays usable', async (_, bad, message) => {
      const program = await engine.compile(
        (_, { x }) => ({ state: {}, outputs: { s: tf.sum(x!) } }),
        { state: {}, batch },
        { name: 'sum' },
      );
      const state = engine.upload({}, {});
      await expect(program.run(state, bad)).rejects.toMatchObject({ code: 'ENGINE_INPUT', message });
      expect(await program.run(state, arrays)).toEqual({ s: Float32Array.of(21) });
    });

    it('hands on what a step throws', async () => {
      const step = () => {
        throw new RangeError('of the step');
      };
      await expect(outputsOf(step, batch, arrays)).rejects.toThrow('of the step');
    });
  });

  describe('random numbers', () => {
    it.each([
      { shape: [1000], uses: 1 },
      { shape: [7, 11, 3], uses: 3 },
      { shape: [1], uses: 2 },
    ])('are threefry bit for bit: $shape, use $uses', async ({ shape, uses }) => {
      const step = ({ key }: Tensors) => {
        const stream = new RandomStream(key!);
        const drawn = Array.from({ length: uses }, () => stream.uniform(shape));
        return { last: drawn.at(-1)! };
      };
      for (const seed of [0, -5, 2 ** 31 - 1]) {
        const { last } = await outputsOf(step, KEY, { key: keyOf(seed) });
        expect(bits(last!)).toEqual(bits(uniforms(seed, uses - 1, last!.length)));
      }
    });

    it('of a micro-batch are counted from 65536 times its index', async () => {
      const step = ({ key, index }: Tensors) => ({ u: new RandomStream(key!, index).uniform([50]) });
      const { u } = await outputsOf(step, { ...KEY, index: int() }, { key: keyOf(4), index: Int32Array.of(2) });
      expect(bits(u!)).toEqual(bits(uniforms(4, 2 * 65536, 50)));
    });

    it.each([0, 0.1, 0.75])('drop out at rate %d', async (rate) => {
      const x = Float32Array.from({ length: 400 }, (_, i) => i / 7 - 20);
      const step = ({ key, x }: Tensors) => ({ y: new RandomStream(key!).dropout(x!, rate) });
      const { y } = await outputsOf(step, { ...KEY, x: float(400) }, { key: keyOf(1), x });
      const u = uniforms(1, 0, 400);
      const kept = Math.fround(1 / (1 - rate));
      expect([...y!]).toEqual(
        Array.from(x, (v, i) => (rate === 0 ? v : u[i]! >= Math.fround(rate) ? Math.fround(v * kept) : 0)),
      );
    });

    it('draw categories by the Gumbel-max trick, in the proportions of softmax', async () => {
      const rows = 3000;
      const logits = Float32Array.from({ length: rows * 3 }, (_, i) => [0, 1, 2][i % 3]!);
      const step = ({ key, logits }: Tensors) => ({ drawn: new RandomStream(key!).categorical(logits!) });
      const { drawn } = await outputsOf(step, { ...KEY, logits: float(rows, 3) }, { key: keyOf(9), logits });
      const noisy = Array.from(uniforms(9, 0, rows * 3), (u, i) => logits[i]! - Math.log(-Math.log(u + 2 ** -25)));
      const expected = Array.from({ length: rows }, (_, r) => {
        const row = noisy.slice(3 * r, 3 * r + 3);
        return row.indexOf(Math.max(...row));
      });
      expect([...drawn!]).toEqual(expected);
      const share = (k: number) => expected.filter((c) => c === k).length / rows;
      const total = 1 + Math.E + Math.E ** 2;
      // Three standard deviations of a share of 3,000 draws are at most 0.028.
      [0, 1, 2].forEach((k) => expect(Math.abs(share(k) - Math.E ** k / total)).toBeLessThan(0.028));
    });

    it('are the same bits twice, and others for another key', async () => {
      const step = ({ key }: Tensors) => ({ y: tf.sin(new RandomStream(key!).uniform([64, 8])) });
      const run = async (seed: number) => bits((await outputsOf(step, KEY, { key: keyOf(seed) }))['y']!);
      const first = await run(1);
      expect(await run(1)).toEqual(first);
      expect(await run(2)).not.toEqual(first);
    });
  });

  describe('loops', () => {
    const rows = 12;
    const batch: Specs = { x: float(rows, 5), w: float(5, 4), i: int(rows) };
    const arrays = {
      x: Float32Array.from({ length: rows * 5 }, (_, i) => Math.sin(i)),
      w: Float32Array.from({ length: 20 }, (_, i) => Math.cos(3 * i)),
      i: Int32Array.from({ length: rows }, (_, i) => i),
    };
    const loss = (x: tf.Tensor, w: tf.Tensor) => tf.sum(tf.square(tf.tanh(tf.matMul(x, w))));
    const gradient = (f: (x: tf.Tensor, w: tf.Tensor) => tf.Tensor, x: tf.Tensor, w: tf.Tensor) =>
      tf.grad((v: tf.Tensor) => f(x, v))(w);

    it.each([1, 2, 3, 12])('of %d micro-batches sum up to the whole batch', async (n) => {
      const step = ({ x, w, i }: Tensors) => {
        const sums = sumOverMicroBatches(n, { x: x!, i: i! }, (micro, index) => ({
          loss: loss(micro['x']!, w!),
          gradient: gradient(loss, micro['x']!, w!),
          rows: tf.sum(tf.cast(micro['i']!, 'float32')),
          index: tf.cast(index, 'float32'),
        }));
        return { ...sums, wholeLoss: loss(x!, w!), wholeGradient: gradient(loss, x!, w!) };
      };
      const out = await outputsOf(step, batch, arrays);
      expect(out['loss']![0]).toBeCloseTo(out['wholeLoss']![0]!, 4);
      out['gradient']!.forEach((g, i) => expect(g).toBeCloseTo(out['wholeGradient']![i]!, 4));
      expect(out['rows']![0]).toBe(66); // each row once
      expect(out['index']![0]).toBe((n * (n - 1)) / 2);
    });

    it('gives micro-batch i the rows i, i + n, ...', async () => {
      const step = ({ i }: Tensors) =>
        sumOverMicroBatches(3, { i: i! }, (micro, index) => ({
          weighted: tf.mul(tf.cast(micro['i']!, 'float32'), tf.pow(tf.scalar(100), tf.cast(index, 'float32'))),
        }));
      const { weighted } = await outputsOf(step, { i: batch['i']! }, { i: arrays.i });
      const expected = [0, 1, 2, 3].map((j) => [0, 1, 2].reduce((sum, i) => sum + (3 * j + i) * 100 ** i, 0));
      weighted!.forEach((v, j) => expect(v / expected[j]!).toBeCloseTo(1, 5));
    });

    it('recomputes with the same gradients', async () => {
      const layer = (x: tf.Tensor, w: tf.Tensor) => tf.tanh(tf.matMul(tf.tanh(tf.matMul(x, w)), tf.transpose(w)));
      const plain = (x: tf.Tensor, w: tf.Tensor) => tf.sum(tf.square(layer(layer(x, w), w)));
      const again = (x: tf.Tensor, w: tf.Tensor) => {
        const recomputed = (h: tf.Tensor) => remat((h, w) => layer(h, w), [h, w]);
        return tf.sum(tf.square(recomputed(recomputed(x))));
      };
      const step = ({ x, w }: Tensors) => ({
        plain: gradient(plain, x!, w!),
        remat: gradient(again, x!, w!),
      });
      const out = await outputsOf(step, { x: batch['x']!, w: batch['w']! }, { x: arrays.x, w: arrays.w });
      out['remat']!.forEach((g, i) => expect(g).toBeCloseTo(out['plain']![i]!, 5));
      expect(Math.max(...out['plain']!.map(Math.abs))).toBeGreaterThan(0.1);
    });
  });

  it('trains: least squares by gradient descent, as in float64', async () => {
    const specs = { w: float(2) };
    const x = [1, 2, -1, 0.5, 3, -2];
    const y = [1, 2, 3];
    const step: Step = ({ w }, { x, y }) => {
      const error = (w: tf.Tensor) => tf.sub(tf.squeeze(tf.matMul(x!, tf.reshape(w, [2, 1])), [1]), y!);
      const { value, grad } = tf.valueAndGrad((w: tf.Tensor) => tf.mean(tf.square(error(w))))(w!);
      return { state: { w: tf.sub(w!, tf.mul(grad, 0.05)) }, outputs: { loss: value } };
    };
    const state = engine.upload({ w: Float32Array.of(0.1, -0.2) }, specs);
    const program = await engine.compile(
      step,
      { state: specs, batch: { x: float(3, 2), y: float(3) } },
      { name: 'descent' },
    );
    let expected = [0.1, -0.2];
    for (let t = 0; t < 15; t++) {
      const errors = y.map((target, r) => x[2 * r]! * expected[0]! + x[2 * r + 1]! * expected[1]! - target);
      const { loss } = await program.run(state, { x: Float32Array.from(x), y: Float32Array.from(y) });
      expect(loss![0]).toBeCloseTo(errors.reduce((sum, e) => sum + e * e, 0) / 3, 4);
      expected = expected.map((w, c) => w - (0.05 * 2 * errors.reduce((sum, e, r) => sum + e * x[2 * r + c]!, 0)) / 3);
    }
    const { w } = await state.download();
    expected.forEach((v, i) => expect(w![i]).toBeCloseTo(v, 4));
  });

  it('names itself', () => {
    const { engine: name, devices, versions } = engine.describe();
    expect(name).toBe(engine.name);
    expect(devices).toHaveLength(engine.deviceCount);
    expect(Object.values(versions).every((v) => v.length > 0)).toBe(true);
  });
}
