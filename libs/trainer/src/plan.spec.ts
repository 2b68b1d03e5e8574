import { describe, expect, it } from '@jest/globals';
import { initialize } from './model/initialize.js';
import { plan } from './plan.js';
import { pretrainStep } from './pretrain-step.js';
import { tinySpec } from './testing/tiny.js';

describe('plan', () => {
  it.each(['decoupled-optim', 'electra', 'roberta'] as const)('counts the parameters of %s that exist', (recipe) => {
    const spec = tinySpec(recipe);
    const { parameters, groups } = pretrainStep(spec, { vocabularySize: 23, selections: 2 });
    const arrays = initialize(parameters, 1);
    const planned = plan(spec, 23);
    expect(planned.parameters.total).toBe(Object.values(arrays).reduce((sum, a) => sum + a.length, 0));
    expect(planned.parameters.groups.map((g) => g.name)).toEqual(groups.map((g) => g.name));
    expect(planned.parameters.groups.reduce((sum, g) => sum + g.count, 0)).toBe(planned.parameters.total);
    expect(planned.tokens).toBe(20 * 4 * 8);
  });

  it('counts the operations of a small encoder as by hand', () => {
    // D 16, F 24, S 8, V 23, one layer: 8 * (4*256 + 2*16*24 + 2*8*16) + 2 selections * (16*16 + 16*23), twice, thrice, 4 rows
    const byHand = 4 * 3 * 2 * (8 * (1024 + 768 + 256) + 2 * (256 + 368));
    expect(plan(tinySpec('roberta'), 23).flops.perStep).toBe(byHand);
  });
});
