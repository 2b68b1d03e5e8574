import { describe, expect, it } from '@jest/globals';
import { PretrainSpec, type ResolvedPretrain } from '@orestes/contracts';
import { recipes } from './index.js';
import { recipeHash, resolvePretrain } from './resolve.js';

const DIGEST = 'a'.repeat(64);
type Fields = Record<string, unknown>;

const spec = (fields: Fields = {}) =>
  PretrainSpec.parse({
    kind: 'pretrain',
    name: 'run',
    output: 'out',
    corpus: 'corpus',
    recipe: 'decoupled-optim',
    size: 'tiny',
    ...fields,
  });
const resolved = (fields: Fields = {}) => resolvePretrain(spec(fields));
const names = Object.keys(recipes) as (keyof typeof recipes)[];

describe('resolvePretrain', () => {
  it.each(names.flatMap((recipe) => (['tiny', 'base', 'large'] as const).map((size) => [recipe, size] as const)))(
    '%s %s is a whole, valid spec',
    (recipe, size) => {
      const { model, objective, optimizers, schedule } = resolved({ recipe, size });
      expect({ model, objective, optimizers, schedule }).toEqual(recipes[recipe].sizes[size]);
    },
  );

  // Table 2 of the paper.
  it.each([
    ['base', 12, 12, 32, 128],
    ['large', 24, 8, 128, 256],
  ] as const)('decoupled-optim %s has the values of Table 2', (size, depth, generatorDepth, buckets, maxDistance) => {
    const { model, optimizers, schedule } = resolved({ size });
    expect(model.discriminator).toMatchObject({ layers: depth, dropout: 0.1, relativeBias: { buckets, maxDistance } });
    expect(model.generator?.layers).toBe(generatorDepth);
    const adam = { beta1: 0.9, beta2: 0.98, epsilon: 1e-6, clipNorm: 2, weightDecay: 0.01 };
    expect(optimizers).toMatchObject({
      generator: { ...adam, peakLearningRate: 2e-4 },
      discriminator: { ...adam, peakLearningRate: 1.5e-3 },
    });
    expect(schedule).toMatchObject({ maxSteps: 125_000, batchSize: 2048, warmupSteps: 10_000, sequenceLength: 512 });
  });

  it('lays overrides over the recipe, null included', () => {
    const { model, optimizers } = resolved({
      model: { generator: { layers: 1, relativeBias: null }, discriminator: { relativeBias: { form: 'metro' } } },
      optimizers: { generator: { clipNorm: null } },
    });
    const { tiny } = recipes['decoupled-optim'].sizes;
    expect(model.generator).toEqual({ ...tiny.model.generator, layers: 1, relativeBias: null });
    expect(model.discriminator?.relativeBias).toEqual({ buckets: 32, maxDistance: 128, form: 'metro' });
    expect(optimizers).toMatchObject({ generator: { clipNorm: null }, discriminator: { clipNorm: 2 } });
  });

  it('replaces a part whose kind changes', () => {
    const optimizers = { kind: 'joint', joint: recipes.electra.sizes.tiny.optimizers.joint };
    expect(resolved({ optimizers }).optimizers).toEqual(optimizers);
  });

  it.each<[string, Fields, string]>([
    ['heads', { model: { generator: { heads: 3 } } }, 'spec.model.generator.heads: 3: hidden must be a multiple'],
    ['warm-up', { schedule: { maxSteps: 5 } }, 'spec.schedule.warmupSteps: 100: warmupSteps must not exceed'],
    ['masking', { objective: { masking: { mask: 0.5 } } }, 'mask + random + keep must be 1'],
    [
      'no model',
      { recipe: 'roberta', objective: recipes.electra.sizes.tiny.objective },
      'spec.model.generator: missing',
    ],
    [
      'unused model',
      { model: { encoder: recipes.roberta.sizes.tiny.model.encoder } },
      'objective rtd has no use for it',
    ],
    ['positions', { recipe: 'roberta', schedule: { sequenceLength: 1024 } }, 'absolutePositions: 512 is too small'],
    ['devices', { engine: { devices: 3 } }, 'spec.schedule.batchSize: 32 is not a multiple'],
    ['shared, decoupled', { objective: { embeddings: 'shared' } }, 'spec.objective.embeddings: shared'],
    [
      'shared widths',
      { recipe: 'electra', model: { generator: { embedding: 64 } } },
      "spec.model.generator.embedding: 64 differs from the discriminator's 128",
    ],
    [
      'half an optimizer',
      { optimizers: { kind: 'joint', joint: { peakLearningRate: 1 } } },
      'spec.optimizers.joint.beta1: missing',
    ],
  ])('refuses %s', (_, fields, message) => {
    expect(() => resolved(fields)).toThrow(message);
    expect(() => resolved(fields)).toThrow(expect.objectContaining({ exitCode: 2 }));
  });
});

describe('recipeHash', () => {
  const hash = (fields: Fields = {}, digest = DIGEST) =>
    recipeHash(resolved(fields) satisfies ResolvedPretrain, digest);

  it.each<[string, Fields]>([
    ['name', { name: 'other' }],
    ['output', { output: 's3://bucket/x' }],
    ['where the corpus lies', { corpus: 'elsewhere' }],
    ['devices', { engine: { devices: 2, name: 'cpu', remat: true } }],
    ['cadences', { checkpoint: { everySteps: 7 }, log: { everySteps: 1 }, evaluation: { everySteps: 3, batches: 2 } }],
    ['an override that changes nothing', { schedule: { maxSteps: 1000 } }],
  ])('does not depend on %s', (_, fields) => expect(hash(fields)).toBe(hash()));

  it.each<[string, Fields]>([
    ['seed', { seed: 2 }],
    ['steps', { schedule: { maxSteps: 999 } }],
    ['a learning rate', { optimizers: { discriminator: { peakLearningRate: 1e-3 } } }],
    ['precision', { engine: { precision: 'bf16' } }],
    ['lambda', { objective: { lossWeight: 2 } }],
  ])('depends on %s', (_, fields) => expect(hash(fields)).not.toBe(hash()));

  it('depends on the corpus', () => expect(hash({}, 'b'.repeat(64))).not.toBe(hash()));
});
