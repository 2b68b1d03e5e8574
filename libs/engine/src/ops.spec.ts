import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import * as tf from '@tensorflow/tfjs';
import { EagerEngine } from './eager.js';
import { expectAgreement } from './testing/ops/agreement.js';
import { OPS } from './testing/ops/table.js';
import { XlaEngine } from './xla.js';

let xla: XlaEngine;
let cpu: EagerEngine;
beforeAll(async () => {
  cpu = await EagerEngine.create('cpu');
  xla = XlaEngine.create('cpu', 1);
});
afterAll(() => xla.dispose());

const KERNELS = Object.keys(OPS);

describe('every lowered kernel', () => {
  it('is in the table, and nothing else', () => {
    const lowered = tf.getKernelsForBackend('xla').map((k) => k.kernelName);
    expect(lowered.sort()).toEqual([...KERNELS].sort());
  });

  it.each(KERNELS)('%s agrees with tfjs cpu, values and gradients', (kernel) =>
    expectAgreement(xla, cpu, kernel, OPS[kernel]!),
  );

  it.each(KERNELS)('%s is what its cases run', async (kernel) => {
    await tf.setBackend('cpu');
    for (const c of OPS[kernel]!) {
      const inputs = c.inputs.map(({ values, shape, dtype }) => tf.tensor([...values], [...shape], dtype));
      const { kernelNames } = await tf.profile(() => c.f(...inputs));
      expect(kernelNames).toContain(kernel);
    }
  });
});
