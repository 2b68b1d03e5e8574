import { createHash } from 'node:crypto';
import { threefry, type HostArrays, type Key } from '@orestes/engine';
import type { ParameterSpec, ParameterSpecs } from './parameters.js';

/** Initial values. Each tensor depends on (seed, its name) alone, so neither order nor neighbours matter. */
export function initialize(specs: ParameterSpecs, seed: number): HostArrays {
  return Object.fromEntries(Object.entries(specs).map(([name, spec]) => [name, initial(name, spec, seed)]));
}

function initial(name: string, spec: ParameterSpec, seed: number): Float32Array {
  const values = new Float32Array(spec.shape.reduce((a, b) => a * b, 1));
  switch (spec.init) {
    case 'normal':
      return normalFill(threefry([seed, 1], [nameHash(name), 0]), spec.std ?? 1, values);
    case 'zeros':
      return values;
    case 'ones':
      return values.fill(1);
    case 'admin':
      return values.fill(spec.value ?? 1);
  }
}

/** First 32 bits of the name's SHA-256. */
const nameHash = (name: string) => createHash('sha256').update(name).digest().readInt32BE(0);

/** Box-Muller on threefry: counter word n gives elements 2n and 2n + 1. */
function normalFill(key: Key, std: number, out: Float32Array): Float32Array {
  for (let n = 0; 2 * n < out.length; n++) {
    const [x, y] = threefry(key, [0, n]);
    const radius = std * Math.sqrt(-2 * Math.log(((x >>> 8) + 0.5) * 2 ** -24));
    const angle = 2 * Math.PI * (y >>> 8) * 2 ** -24;
    out[2 * n] = radius * Math.cos(angle);
    if (2 * n + 1 < out.length) out[2 * n + 1] = radius * Math.sin(angle);
  }
  return out;
}
