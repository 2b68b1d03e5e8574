import { describe, expect, it } from '@jest/globals';
import { fromBfloat16, fromFloat16 } from './half.js';

/** (-1)^s 2^(e-bias) (1 + f/2^p), or 2^(1-bias) f/2^p when e = 0. */
function value(bits: number, exponentBits: number, fractionBits: number): number {
  const bias = 2 ** (exponentBits - 1) - 1;
  const sign = bits >>> 15 ? -1 : 1;
  const exponent = (bits >>> fractionBits) & (2 ** exponentBits - 1);
  const fraction = (bits & (2 ** fractionBits - 1)) / 2 ** fractionBits;
  if (exponent === 2 ** exponentBits - 1) return fraction === 0 ? sign * Infinity : NaN;
  return sign * (exponent === 0 ? 2 ** (1 - bias) * fraction : 2 ** (exponent - bias) * (1 + fraction));
}

describe.each([
  ['binary16', fromFloat16, 5, 10],
  ['bfloat16', fromBfloat16, 8, 7],
])('%s', (_, widen, exponentBits, fractionBits) => {
  it('is widened as the formula says, for all 65536 patterns', () => {
    const all = Uint16Array.from({ length: 65536 }, (_, bits) => bits);
    const wrong = [...widen(all)].flatMap((found, bits) =>
      Object.is(found, value(bits, exponentBits, fractionBits)) ? [] : [`${bits}: ${found}`],
    );
    expect(wrong).toEqual([]);
  });
});
