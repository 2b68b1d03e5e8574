import { describe, expect, it } from '@jest/globals';
import { stepKey, threefry } from '@orestes/engine';
import { encoderParameters, hyper, initialize, relativeBuckets, type Group } from '@orestes/trainer';
import { cases, encoderConfig, fromTransformers, tables } from './fixture.js';

const SPAN = 301;
const bucketTables = [
  ...tables.buckets.map((t) => ({ ...t, source: 'whole numbers' })),
  ...fromTransformers.t5Buckets.map((t) => ({ ...t, form: 't5' as const, source: 'transformers' })),
];

describe('relative position buckets', () => {
  it.each(bucketTables)(
    '$form $buckets/$maxDistance equals $source',
    ({ form, buckets, maxDistance, from, values }) => {
      const all = relativeBuckets({ form, buckets, maxDistance }, SPAN);
      const seen = values.map((_, i) => {
        const relative = from + i;
        return relative < 0 ? all[-relative * SPAN] : all[relative];
      });
      expect(seen).toEqual(values);
    },
  );
});

describe('schedule', () => {
  const group: Group = { name: 'joint', optimizer: { ...cases.optimizer, name: 'adamax', beta1: 0 }, parameters: [] };
  it.each([
    ['fairseq, by formula', tables.schedule],
    ['transformers', fromTransformers.schedule],
  ])('equals %s', (_, factors) => {
    factors.forEach((factor, i) => {
      const scalars = hyper([group], cases.schedule, i + 1);
      expect(scalars['step_size/joint']![0]).toBeCloseTo(factor * cases.optimizer.peakLearningRate, 9);
      expect(scalars['decay/joint']![0]).toBeCloseTo(factor * cases.optimizer.peakLearningRate * 0.01, 11);
    });
  });
});

describe('Admin, constant form', () => {
  it.each(Object.entries(tables.adminConstant))('%s layers', (layers, omega) => {
    const config = encoderConfig({ layers: Number(layers), admin: 'constant' });
    const parameters = initialize(encoderParameters('encoder', config, cases.vocabulary), 1);
    const omegas = Object.keys(parameters).filter((name) => name.endsWith('/omega'));
    expect(omegas).toHaveLength(2 * Number(layers));
    for (const name of omegas) for (const value of parameters[name]!) expect(value).toBeCloseTo(omega, 6);
  });
});

describe('threefry', () => {
  it.each(tables.threefry)('key $key, counter $counter', ({ key, counter, words }) => {
    expect(threefry(key, counter).map((word) => word >>> 0)).toEqual(words);
  });

  it('makes the key of a step', () => {
    const { key, counter, words } = tables.threefry.find((v) => v.key[0] === 7)!;
    expect([...stepKey(key[0], counter[0])].map((word) => word >>> 0)).toEqual(words);
  });
});
