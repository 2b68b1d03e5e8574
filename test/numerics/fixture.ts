import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect } from '@jest/globals';
import { decodeSafetensors, type TensorFile } from '@orestes/checkpoint';
import type { EncoderConfig, Optimizer } from '@orestes/contracts';
import type { HostArrays, Specs } from '@orestes/engine';
import type { ParameterSpecs } from '@orestes/trainer';

const path = (file: string) => fileURLToPath(new URL(`../fixtures/numerics/${file}`, import.meta.url));
const readJson = (file: string): unknown => JSON.parse(readFileSync(path(file), 'utf8'));

export const readTensors = (file: string): TensorFile => decodeSafetensors(readFileSync(path(file)), file);

export interface StepCase {
  embeddings: 'separate' | 'shared';
  optimizers: 'decoupled' | 'joint';
  updates: number;
  lossWeight: number;
  seed: number;
  generator: Partial<EncoderConfig>;
  discriminator: Partial<EncoderConfig>;
  optimizer: Partial<Optimizer>;
}

/** What goes in: the same file is read by make_fixtures.py. */
export const cases = readJson('cases.json') as {
  vocabulary: number;
  length: number;
  encoder: EncoderConfig;
  encoders: Record<string, Partial<EncoderConfig>>;
  optimizer: Optimizer;
  steps: Record<string, StepCase>;
  schedule: { warmupSteps: number; maxSteps: number };
  updates: Record<string, Partial<Optimizer>>;
  shapes: Record<string, number[]>;
};

type Pair = [number, number];
interface BucketTable {
  buckets: number;
  maxDistance: number;
  /** Relative position of the first value. */
  from: number;
  values: number[];
}

export const tables = readJson('tables.json') as {
  buckets: ({ form: 't5' | 'metro' } & BucketTable)[];
  schedule: number[];
  adminConstant: Record<string, number>;
  threefry: { key: Pair; counter: Pair; words: Pair }[];
  uniform: { seed: number; step: number; uses: number[][] };
};

export const fromTransformers = readJson('transformers.json') as { t5Buckets: BucketTable[]; schedule: number[] };

export const encoderConfig = (overrides: Partial<EncoderConfig>): EncoderConfig => ({ ...cases.encoder, ...overrides });

/** float32 in [low, high): `values` of test/fixtures/numerics/inputs.py. */
export function values(name: string, shape: readonly number[], low: number, high: number): Float32Array {
  let seed = 2166136261;
  for (const byte of Buffer.from(name)) seed = Math.imul(seed ^ byte, 16777619);
  const out = new Float32Array(shape.reduce((a, b) => a * b, 1));
  for (let n = 0; n < out.length; n++) {
    let x = (seed + Math.imul(n + 1, 0x9e3779b9)) | 0;
    x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
    x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
    x ^= x >>> 16;
    out[n] = low + (high - low) * ((x >>> 0) / 2 ** 32);
  }
  return out;
}

const RANGES: Record<string, Pair> = {
  scale: [0.8, 1.2],
  omega: [0.5, 1.5],
  bias: [-0.1, 0.1],
  relative_bias: [-1, 1],
  kernel: [-0.4, 0.4],
};

/** Parameters as the fixtures have them. */
export function parameterValues(specs: ParameterSpecs): HostArrays {
  const range = (name: string): Pair => RANGES[name.slice(name.lastIndexOf('/') + 1)] ?? [-0.5, 0.5];
  return Object.fromEntries(
    Object.entries(specs).map(([name, { shape }]) => [name, values(name, shape, ...range(name))]),
  );
}

export const zeros = (specs: Specs): HostArrays =>
  Object.fromEntries(Object.entries(specs).map(([name, { shape }]) => [name, values(name, shape, 0, 0)]));

/**
 * Compares tensors elementwise: |got - want| <= tolerance * (|want| + the largest |want| of the tensor, or `floor` where all
 * are smaller).
 */
export function expectClose(got: HostArrays, want: HostArrays, tolerance: number, floor = 1e-2): void {
  expect(Object.keys(got).sort()).toEqual(Object.keys(want).sort());
  const wrong = Object.entries(want).flatMap(([name, wanted]) => {
    const size = Math.max(floor, ...Array.from(wanted, Math.abs));
    const errors = Array.from(wanted, (w, i) => Math.abs(got[name]![i]! - w) / (Math.abs(w) + size));
    const worst = errors.indexOf(Math.max(...errors));
    return errors.length === got[name]!.length && errors.every((e) => e <= tolerance)
      ? []
      : [
          `${name}[${worst}]: ${got[name]![worst]} is not ${wanted[worst]} (${errors[worst]}; ${got[name]!.length} elements)`,
        ];
  });
  expect(wrong).toEqual([]);
}

/** Data of the tensors whose name starts with a prefix, by the rest of their name. */
export const under = (tensors: TensorFile, prefix: string): HostArrays =>
  Object.fromEntries(
    Object.entries(tensors).flatMap(([name, { data }]) =>
      name.startsWith(prefix) ? [[name.slice(prefix.length), data] as const] : [],
    ),
  );
