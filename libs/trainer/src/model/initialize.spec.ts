import { describe, expect, it } from '@jest/globals';
import { initialize } from './initialize.js';
import { constantOmega } from './admin.js';

const normal = { shape: [100, 101], init: 'normal', std: 0.02 } as const;
const specs = {
  a: { ...normal, shape: [...normal.shape] },
  b: { ...normal, shape: [...normal.shape] },
  scale: { shape: [3], init: 'ones' as const },
  bias: { shape: [2], init: 'zeros' as const },
  omega: { shape: [2], init: 'admin' as const, value: 2.5 },
};

describe('initialize', () => {
  it('depends on seed and name alone', () => {
    const all = initialize(specs, 7);
    expect(initialize({ b: specs.b }, 7)['b']).toEqual(all['b']);
    expect(all['a']).not.toEqual(all['b']);
    expect(initialize(specs, 8)['a']).not.toEqual(all['a']);
  });

  it('draws from N(0, std)', () => {
    const values = [...initialize(specs, 1)['a']!].map((x) => x / 0.02);
    const moment = (k: number) => values.reduce((s, x) => s + x ** k, 0) / values.length;
    // Standard errors at 10,100 draws: 0.01, 0.014, 0.039, 0.098.
    expect(Math.abs(moment(1))).toBeLessThan(0.04);
    expect(Math.abs(moment(2) - 1)).toBeLessThan(0.06);
    expect(Math.abs(moment(3))).toBeLessThan(0.16);
    expect(Math.abs(moment(4) - 3)).toBeLessThan(0.4);
  });

  it('fills constants', () => {
    const { scale, bias, omega } = initialize(specs, 1);
    expect([...scale!, ...bias!, ...omega!]).toEqual([1, 1, 1, 0, 0, 2.5, 2.5]);
  });
});

describe('constantOmega', () => {
  it.each([
    [12, 2.601],
    [24, 3.404],
  ])('%i layers: %f', (layers, omega) => expect(constantOmega(layers)).toBeCloseTo(omega, 3));
});
