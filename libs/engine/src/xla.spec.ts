import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import * as tf from '@tensorflow/tfjs';
import type { Specs, Step, Tensors } from './engine.js';
import { conformance } from './testing/conformance.js';
import { float, int, runOnce } from './testing/run.js';
import { remat } from './trace/loops.js';
import { XlaEngine } from './xla.js';

let engine: XlaEngine;
beforeAll(() => {
  engine = XlaEngine.create('cpu', 1);
});
afterAll(() => engine.dispose());

const compiled = (step: (batch: Tensors) => Tensors, batch: Specs = { x: float(4, 4) }) =>
  engine.compile((_, given) => ({ state: {}, outputs: step(given) }), { state: {}, batch }, { name: 'step' });

describe('xla', () => conformance(() => Promise.resolve(XlaEngine.create('cpu', 1))));

describe('what cannot be compiled', () => {
  let fromBefore: tf.Tensor;
  it.each<[string, (x: tf.Tensor) => tf.Tensor, string, string]>([
    [
      'an op without lowering',
      (x) => tf.conv2d(x.as3D(4, 4, 1), tf.zeros([2, 2, 1, 1]), 1, 'same'),
      'ENGINE_UNSUPPORTED_OP',
      'xla: no lowering for Conv2D',
    ],
    [
      'a gradient without lowering',
      (x) => tf.grad((v: tf.Tensor) => tf.prod(v, 0))(x),
      'ENGINE_UNSUPPORTED_OP',
      'xla: no lowering for Cumprod',
    ],
    ['complex numbers', (x) => tf.real(tf.complex(x, x)), 'ENGINE_UNSUPPORTED_OP', 'xla: no lowering for Complex'],
    ['text', (x) => tf.add(x, tf.tensor(['a']).size), 'ENGINE_UNSUPPORTED_OP', 'tensors of type string'],
    ['reading values', (x) => tf.scalar(x.dataSync()[0]!), 'ENGINE_TRACE', 'must not read values'],
    ['reading a constant', (x) => tf.mul(x, tf.scalar(2).arraySync()), 'ENGINE_TRACE', 'must not read values'],
    [
      'a tensor of another step',
      () => tf.square(fromBefore),
      'ENGINE_TRACE',
      'only its inputs and what it makes of them',
    ],
  ])('%s', async (_, f, code, message) => {
    await compiled(({ x }) => ({ y: (fromBefore = tf.keep(tf.neg(x!))) }));
    await expect(compiled(({ x }) => ({ y: f(x!) }))).rejects.toMatchObject({
      code,
      message: expect.stringContaining(message),
    });
    const { y } = await runOnce(engine, ({ x }) => ({ y: tf.sum(x!) }), { x: float(2) }, { x: Float32Array.of(1, 2) });
    expect(y).toEqual(Float32Array.of(3));
  });

  it('leaves the backend in use as it was', async () => {
    await tf.setBackend('cpu');
    await expect(compiled(() => ({ y: tf.erf(1) }))).resolves.toBeDefined();
    await expect(
      compiled(() => {
        throw new Error('no');
      }),
    ).rejects.toThrow('no');
    expect(tf.getBackend()).toBe('cpu');
  });
});

describe('statistics', () => {
  it('count the operations of matrix products, loops in full', async () => {
    const { statistics } = await compiled(
      ({ x, b }) => ({ y: tf.matMul(x!, tf.matMul(x!, x!)), z: tf.matMul(b!, b!, false, true) }),
      { x: float(4, 4), b: float(2, 3, 5) },
    );
    expect(statistics.matmulFlops).toBe(2 * 4 ** 3 * 2 + 2 * 2 * 3 * 3 * 5);
  });

  it('say what the device needs', async () => {
    const { statistics } = await compiled(({ x }) => ({ y: tf.tanh(tf.matMul(x!, x!)) }), {
      x: float(64, 64),
    });
    expect(statistics.memory).toMatchObject({ arguments: 4 * 64 * 64, outputs: expect.any(Number) });
    expect(statistics.operations).toBeGreaterThan(2);
    expect(statistics.programBytes).toBeGreaterThan(200);
  });

  it('show that recomputing layers needs less memory', async () => {
    const layers = 12;
    const layer = (x: tf.Tensor, w: tf.Tensor) => tf.tanh(tf.matMul(tf.tanh(tf.matMul(x, w)), w));
    const memory = async (block: typeof layer) => {
      const { statistics } = await compiled(
        ({ x, w }) => {
          const loss = (w: tf.Tensor) =>
            tf.sum(Array.from({ length: layers }).reduce<tf.Tensor>((h) => block(h, w), x!));
          return { g: tf.grad(loss)(w!) };
        },
        { x: float(256, 64), w: float(64, 64) },
      );
      return statistics.memory!.temporaries;
    };
    const plain = await memory(layer);
    const recomputed = await memory((x, w) => remat(layer, [x, w]));
    // Of two activations a layer, one stays.
    expect(recomputed).toBeLessThan(0.75 * plain);
  });
});

describe('bf16', () => {
  /** Round to nearest, ties to even, of the upper 16 bits. */
  const bf16 = (x: number): number => {
    const word = new Uint32Array(Float32Array.of(x).buffer)[0]!;
    const rounded = ((word + 0x7fff + ((word >>> 16) & 1)) & 0xffff0000) >>> 0;
    return new Float32Array(Uint32Array.of(rounded).buffer)[0]!;
  };
  const [m, k, n] = [3, 300, 2];
  const a = Float32Array.from({ length: m * k }, (_, i) => Math.sin(i) + 1e-3 * i);
  const b = Float32Array.from({ length: k * n }, (_, i) => Math.cos(1.7 * i) * 3);
  const product = (round: (x: number) => number) =>
    Array.from({ length: m * n }, (_, i) => {
      const [row, column] = [Math.floor(i / n), i % n];
      let sum = 0;
      for (let j = 0; j < k; j++) sum += round(a[row * k + j]!) * round(b[j * n + column]!);
      return sum;
    });
  const run = async (precision: 'f32' | 'bf16') => {
    const step = ({ a, b }: Tensors) => ({ y: tf.matMul(a!, b!), rest: tf.mul(a!, 1 / 3) });
    return runOnce(engine, step, { a: float(m, k), b: float(k, n) }, { a, b }, { name: precision, precision });
  };

  it('rounds the factors of matrix products, and sums in float32', async () => {
    const { y } = await run('bf16');
    const [expected, exact] = [product(bf16), product((x) => x)];
    y!.forEach((v, i) => expect(v).toBeCloseTo(expected[i]!, 3));
    expect(Math.max(...expected.map((v, i) => Math.abs(v - exact[i]!)))).toBeGreaterThan(0.02);
  });

  it('is not used by default, and nowhere but in matrix products', async () => {
    const { y } = await run('f32');
    product((x) => x).forEach((v, i) => expect(y![i]).toBeCloseTo(v, 3));
    const { rest } = await run('bf16');
    rest!.forEach((v, i) => expect(v).toBe(Math.fround(a[i]! * Math.fround(1 / 3))));
  });
});

describe('the batch of one device', () => {
  it('may have any number of rows', async () => {
    const step: Step = (_, { i }) => ({ state: {}, outputs: { n: tf.sum(tf.onesLike(i!)) } });
    const program = await engine.compile(step, { state: {}, batch: { i: int(7) } }, { name: 'rows' });
    expect(await program.run(engine.upload({}, {}), { i: new Int32Array(7) })).toEqual({ n: Int32Array.of(7) });
  });
});
