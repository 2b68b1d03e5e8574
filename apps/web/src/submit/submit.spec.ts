import { describe, expect, it } from '@jest/globals';
import type { ProblemDocument } from '@orestes/contracts';
import { fieldErrors } from './field-errors.js';
import { EMPTY_FORM, POINTERS, specOfForm, type FormValues } from './form-spec.js';

const spec = (values: Partial<FormValues>) => specOfForm({ ...EMPTY_FORM, ...values });
const RECIPE = { kind: 'pretrain', recipe: 'decoupled-optim', size: 'tiny' };

describe('specOfForm', () => {
  it.each<[string, Partial<FormValues>, Record<string, unknown>]>([
    ['leaves out what is empty', {}, RECIPE],
    ['trims', { name: ' run ' }, { ...RECIPE, name: 'run' }],
    ['reads numbers', { maxSteps: '1_000', seed: '0' }, { ...RECIPE, schedule: { maxSteps: 1000 }, seed: 0 }],
    ['keeps what is no number', { batchSize: 'many' }, { ...RECIPE, schedule: { batchSize: 'many' } }],
    [
      'gives G and D a rate each',
      { generatorRate: '2e-4', discriminatorRate: '1e-3', jointRate: '1' },
      { ...RECIPE, optimizers: { generator: { peakLearningRate: 2e-4 }, discriminator: { peakLearningRate: 1e-3 } } },
    ],
    [
      'gives a joint recipe one',
      { recipe: 'electra', generatorRate: '1', jointRate: '5e-4' },
      { ...RECIPE, recipe: 'electra', optimizers: { joint: { peakLearningRate: 5e-4 } } },
    ],
    ['reads labels', { labels: 'a=1\n b = x=y,' }, { ...RECIPE, labels: { a: '1', b: 'x=y' } }],
  ])('%s', (_, values, expected) => {
    expect(spec(values)).toEqual(expected);
  });
});

const problem = (...errors: NonNullable<ProblemDocument['errors']>): ProblemDocument => ({
  type: 'about:blank',
  title: 'The spec is not valid',
  status: 422,
  detail: '',
  code: 'INVALID_SPEC',
  errors,
});

describe('fieldErrors', () => {
  it('puts each error to its field, and the others aside', () => {
    const elsewhere = { pointer: '/engine/name', message: 'unknown' };
    const { at, others } = fieldErrors(
      problem(
        { pointer: '/size', message: 'not a size', allowed: ['tiny', 'base'] },
        { pointer: '#/schedule/maxSteps', message: 'too small' },
        { pointer: '/labels/a~1b', message: 'too long' },
        elsewhere,
      ),
      POINTERS,
    );
    expect(at).toEqual({
      size: ['not a size (allowed: tiny, base)'],
      maxSteps: ['too small'],
      labels: ['a/b: too long'],
    });
    expect(others).toEqual([elsewhere]);
  });

  it('takes no field for another whose name begins alike', () => {
    expect(fieldErrors(problem({ pointer: '/seeds', message: 'x' }), { seed: '/seed' }).at).toEqual({});
  });

  it('has nothing to say without a problem', () => {
    expect(fieldErrors(null, POINTERS)).toEqual({ at: {}, others: [] });
  });
});
