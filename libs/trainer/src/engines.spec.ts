import { describe, expect, it } from '@jest/globals';
import { EagerEngine } from '@orestes/engine';
import { firstUpdates } from './testing/first-updates.js';
import { tinySpec } from './testing/tiny.js';

const FORMS = [
  ['decoupled-optim', { model: { generator: { dropout: 0.1 } } }],
  ['electra', { schedule: { accumulation: 2 } }],
  ['roberta', { engine: { name: 'cpu', remat: true } }],
] as const;

describe('the pretraining step on wasm', () => {
  it.each(FORMS)('%s %j is that on cpu', async (recipe, changes) => {
    const spec = tinySpec(recipe, changes);
    const run = async (name: 'cpu' | 'wasm') => firstUpdates(await EagerEngine.create(name), spec, { steps: 3 });
    const [expected, got] = [await run('cpu'), await run('wasm')];
    expect(Object.keys(got.state)).toEqual(Object.keys(expected.state));
    for (const [name, values] of Object.entries(expected.state))
      values.forEach((v, i) => expect(Math.abs(got.state[name]![i]! - v)).toBeLessThan(1e-6));
    expect(got.last['mlm_loss']![0]).toBeCloseTo(expected.last['mlm_loss']![0]!, 5);
  });
});
