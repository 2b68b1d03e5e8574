/** Threefry-2x32, 20 rounds: Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3". */

export type Key = readonly [number, number];

export const ROTATIONS = [
  [13, 15, 26, 6],
  [17, 29, 16, 24],
] as const;
export const PARITY = 0x1bd11bda;

const rotate = (x: number, by: number) => (x << by) | (x >>> (32 - by));

/**
 * @param key two 32-bit words
 * @param counter two 32-bit words
 * @returns two 32-bit words, as signed integers
 */
export function threefry(key: Key, counter: Key): [number, number] {
  const k = [key[0] | 0, key[1] | 0, key[0] ^ key[1] ^ PARITY] as const;
  let x = (counter[0] + k[0]) | 0;
  let y = (counter[1] + k[1]) | 0;
  for (let group = 0; group < 5; group++) {
    for (const by of ROTATIONS[(group % 2) as 0 | 1]) {
      x = (x + y) | 0;
      y = rotate(y, by) ^ x;
    }
    x = (x + k[((group + 1) % 3) as 0 | 1 | 2]) | 0;
    y = (y + k[((group + 2) % 3) as 0 | 1 | 2] + group + 1) | 0;
  }
  return [x, y];
}

/** The random key of one step of a run. */
export const stepKey = (seed: number, step: number): Int32Array => Int32Array.from(threefry([seed, 0], [step, 0]));

/** Fills an array with the uniform floats in [0, 1) of one use of a key: element n depends on (key, n, use) alone. */
export function uniformFill(key: Key, use: number, out: Float32Array): Float32Array {
  for (let n = 0; n < out.length; n++) {
    const [x, y] = threefry(key, [n, use]);
    out[n] = ((x ^ y) >>> 8) * 2 ** -24;
  }
  return out;
}
