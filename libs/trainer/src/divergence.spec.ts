import { describe, expect, it } from '@jest/globals';
import { assertFinite, strongGenerator } from './divergence.js';

const outputs = (finite: number, values: Record<string, number>) => ({
  finite: Int32Array.of(finite),
  rtd_scores: Float32Array.of(NaN, 1),
  ...Object.fromEntries(Object.entries(values).map(([name, v]) => [name, Float32Array.of(v)])),
});

describe('assertFinite', () => {
  it.each([
    [{ mlm_loss: NaN, rtd_loss: 1 }, 'step 7: mlm_loss is NaN; saved at 5'],
    [{ mlm_loss: 1, 'grad_norm/generator': Infinity }, 'step 7: grad_norm/generator is Infinity; saved at 5'],
  ])('names what is not finite: %j', (values, message) => {
    expect(() => assertFinite(outputs(0, values), 7, 'saved at 5')).toThrow(
      expect.objectContaining({ code: 'DIVERGED', message: expect.stringContaining(message) }),
    );
  });

  it('lets finite steps pass', () => expect(() => assertFinite(outputs(1, { mlm_loss: 3 }), 7, '')).not.toThrow());
});

describe('strongGenerator', () => {
  it.each([
    [0.049, 'only 4.9% of the selected tokens'],
    [0, 'only 0.0% of the selected tokens'],
  ])('warns at a replaced rate of %f', (rate, message) => expect(strongGenerator(rate, 3)).toContain(message));

  it.each([0.05, 0.9, undefined])('is silent at %s', (rate) => expect(strongGenerator(rate, 3)).toBeNull());
});
