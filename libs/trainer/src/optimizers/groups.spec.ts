import { describe, expect, it } from '@jest/globals';
import type { Optimizers } from '@orestes/contracts';
import { adam } from '../recipes/recipe.js';
import type { Group } from './group.js';
import { assertCoverOnce, parameterGroups } from './groups.js';

const decoupled: Optimizers = { kind: 'decoupled', generator: adam(1), discriminator: adam(2) };
const joint: Optimizers = { kind: 'joint', joint: adam(3) };
const group = (name: string, ...parameters: string[]): Group => ({ name, optimizer: adam(1), parameters });

describe('parameterGroups', () => {
  it('splits by prefix when decoupled', () => {
    const groups = parameterGroups(decoupled, ['discriminator/a', 'generator/b', 'generator/c']);
    expect(groups.map((g) => [g.name, g.parameters, g.optimizer.peakLearningRate])).toEqual([
      ['generator', ['generator/b', 'generator/c'], 1],
      ['discriminator', ['discriminator/a'], 2],
    ]);
  });

  it('takes everything when joint', () => {
    const names = ['shared/embeddings/word', 'generator/b'];
    expect(parameterGroups(joint, names)).toEqual(
      [group('joint', ...names)].map((g) => ({ ...g, optimizer: adam(3) })),
    );
  });

  it('refuses a parameter that no group trains', () => {
    const names = ['generator/a', 'discriminator/a', 'shared/embeddings/word'];
    expect(() => parameterGroups(decoupled, names)).toThrow(
      expect.objectContaining({
        code: 'PARAMETER_GROUPS',
        message: 'parameter groups: shared/embeddings/word is in no group',
      }),
    );
  });

  it.each([
    ['twice', [group('x', 'a', 'b'), group('y', 'a')], 'a is in x and y'],
    ['nowhere', [group('x', 'a')], 'b is in no group'],
    ['unknown', [group('x', 'a', 'b', 'c')], 'c does not exist'],
    ['empty', [group('x', 'a', 'b'), group('y')], 'y trains nothing'],
  ])('%s', (_, groups, message) => {
    expect(() => assertCoverOnce(groups, ['a', 'b'])).toThrow(message);
  });
});
