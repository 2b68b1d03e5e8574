import type { HostArray } from '../engine.js';

interface Tolerance {
  relative: number;
  absolute: number;
}

/** float32 results of the same formula, summed in another order. */
const FLOAT32: Tolerance = { relative: 2e-5, absolute: 1e-6 };

/**
 * Fails where two arrays differ in length, type, or any element by more than the tolerance. NaN equals NaN.
 * @param what begins the message
 */
export function expectClose(
  what: string,
  got: HostArray,
  expected: HostArray | readonly number[],
  { relative, absolute }: Tolerance = FLOAT32,
): void {
  if (!Array.isArray(expected) && got.constructor.name !== expected.constructor.name)
    throw new Error(`${what}: is ${got.constructor.name}, expected ${expected.constructor.name}`);
  if (got.length !== expected.length) throw new Error(`${what}: ${got.length} values, expected ${expected.length}`);
  const wrong = [...got].findIndex((v, i) => !near(v, expected[i]!));
  if (wrong >= 0)
    throw new Error(
      `${what}[${wrong}]: ${got[wrong]}, expected ${expected[wrong]} (all: ${[...got.slice(0, 20)].join(' ')}; expected: ${[...expected.slice(0, 20)].join(' ')})`,
    );

  function near(a: number, b: number): boolean {
    return Object.is(a, b) || a === b || Math.abs(a - b) <= absolute + relative * Math.abs(b);
  }
}
