import { beforeAll, describe, expect, it } from '@jest/globals';
import { EagerEngine } from './eager.js';
import { expectAgreement } from './testing/ops/agreement.js';
import { OPS } from './testing/ops/table.js';

let wasm: EagerEngine;
let cpu: EagerEngine;
beforeAll(async () => {
  cpu = await EagerEngine.create('cpu');
  wasm = await EagerEngine.create('wasm');
});

/** What EagerEngine.describe() says of wasm: NaN is dropped. */
const DROPS_NAN = ['Maximum: special values', 'Minimum: special values', 'ClipByValue: special values'];

describe('the wasm engine', () => {
  for (const [kernel, cases] of Object.entries(OPS))
    it.each(cases)(`${kernel}: $what`, async (c) => {
      const agreement = expectAgreement(wasm, cpu, kernel, [c]);
      if (DROPS_NAN.includes(`${kernel}: ${c.what}`)) await expect(agreement).rejects.toThrow('expected NaN');
      else await agreement;
    });
});
