import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readCheckpoint, resolveCheckpoint, type TensorFile } from '@orestes/checkpoint';
import { curve, makeCorpus, run, type Settings } from '../support/tiny.js';

jest.setTimeout(300_000);

/** The paper's lambda: weight of the discriminator's loss. */
const WEIGHTS = [1, 50, 200];

const decoupled = (clipNorm: number | null): Settings => ({
  'objective.embeddings': 'separate',
  'optimizers.generator.clipNorm': clipNorm,
  'optimizers.discriminator.clipNorm': clipNorm,
});
const SETTINGS = {
  'decoupled optimizers, no clipping': decoupled(null),
  'decoupled optimizers, each clipped by its own norm': decoupled(0.5),
  "decoupled optimizers, no clipping, next to no epsilon in the discriminator's": {
    ...decoupled(null),
    'optimizers.discriminator.epsilon': 1e-30,
  },
  'the electra recipe: shared embeddings, one optimizer': { recipe: 'electra' },
  'separate embeddings, one optimizer clipped by the norm of both': {
    recipe: 'electra',
    'objective.embeddings': 'separate',
  },
} satisfies Record<string, Settings>;
type Case = keyof typeof SETTINGS;
const CASES = Object.keys(SETTINGS) as Case[];

let folder: string;
const at = (name: Case, lambda: number) => join(folder, `${CASES.indexOf(name)}-${lambda}`);

/** Losses of every step, and the state after the last one. */
async function trained(name: Case, lambda: number): Promise<Curves> {
  const settings = { ...SETTINGS[name], 'objective.lossWeight': lambda, 'checkpoint.everySteps': 30 };
  await run({ folder: at(name, lambda), settings });
  const { store, key } = await resolveCheckpoint(join(at(name, lambda), 'run'));
  const { tensors } = await readCheckpoint(store, key);
  return {
    mlm: await curve(at(name, lambda), 'mlm_loss'),
    rtd: await curve(at(name, lambda), 'rtd_loss'),
    generator: only(tensors, 'generator'),
    discriminator: only(tensors, 'discriminator'),
  };
}

/** One after the other: the first compiles for all. */
async function all(name: Case, weights: readonly number[]): Promise<Curves[]> {
  const curves: Curves[] = [];
  for (const lambda of weights) curves.push(await trained(name, lambda));
  return curves;
}

interface Curves {
  mlm: number[];
  rtd: number[];
  generator: TensorFile;
  discriminator: TensorFile;
}

/** Parameters and moments of one encoder; a shared word table belongs to neither. */
const only = (tensors: TensorFile, encoder: string): TensorFile =>
  Object.fromEntries(Object.entries(tensors).filter(([name]) => new RegExp(`(^|[mv]/)${encoder}/`).test(name)));

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'orestes-lambda-'));
  await makeCorpus(folder);
});
afterAll(() => rm(folder, { recursive: true }));

describe('lambda', () => {
  it.each(CASES.slice(0, 2))('leaves no trace in the generator: %s', async (name) => {
    const [first, ...others] = await all(name, WEIGHTS);
    expect(first!.mlm).toHaveLength(30);
    expect(first!.mlm.every(Number.isFinite)).toBe(true);
    expect(Object.keys(first!.generator).length).toBeGreaterThan(60);
    for (const other of others) {
      expect(other.mlm).toEqual(first!.mlm);
      expect(other.generator).toEqual(first!.generator);
      // The discriminator tells that the weights were in force.
      expect(other.discriminator).not.toEqual(first!.discriminator);
    }
  });

  // Without epsilon Adam's update has no scale. A power of two scales every gradient exactly, so that nothing else differs.
  it.each(CASES.slice(2, 3))("leaves no trace in the discriminator's parameters: %s", async (name) => {
    const [one, many] = await all(name, [1, 64]);
    expect(many!.rtd).toEqual(one!.rtd);
    const parameters = Object.keys(one!.discriminator).filter((tensor) => tensor.startsWith('discriminator/'));
    expect(parameters.length).toBeGreaterThan(20);
    for (const tensor of parameters) expect(many!.discriminator[tensor]).toEqual(one!.discriminator[tensor]);
    const moment = 'optimizer/discriminator/m/discriminator/rtd/out/kernel';
    expect(many!.discriminator[moment]!.data).toEqual(one!.discriminator[moment]!.data.map((x) => 64 * x));
  });

  it.each(CASES.slice(3))('moves the generator: %s', async (name) => {
    const [one, fifty] = await all(name, [1, 50]);
    expect(fifty!.mlm[0]).toBe(one!.mlm[0]); // before the first update
    expect(fifty!.mlm.slice(2)).not.toEqual(one!.mlm.slice(2));
    expect(fifty!.generator).not.toEqual(one!.generator);
  });
});
