import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { ResolvedPretrain } from '@orestes/contracts';
import { EagerEngine, type Engine, type HostArrays } from '@orestes/engine';
import { firstUpdates, type UpdateOptions } from './testing/first-updates.js';
import { tinyBatch, tinySpec, VOCABULARY } from './testing/tiny.js';

let engine: Engine;
beforeAll(async () => {
  engine = await EagerEngine.create('cpu');
});
afterAll(() => engine.dispose());

const numbers = (arrays: HostArrays, name: string) => [...arrays[name]!];

const train = (spec: ResolvedPretrain, options: UpdateOptions = {}) => firstUpdates(engine, spec, options);

const of = (state: HostArrays, prefix: string) =>
  Object.fromEntries(Object.entries(state).filter(([name]) => name.includes(prefix)));

describe('the training step', () => {
  it.each(['decoupled-optim', 'electra', 'roberta'] as const)(
    'lowers every loss of %s on one batch',
    async (recipe) => {
      const { outputs } = await train(tinySpec(recipe, { schedule: { warmupSteps: 0 } }), { steps: 5, oneBatch: true });
      const first = outputs[0]!;
      expect(first['mlm_loss']![0]).toBeCloseTo(Math.log(VOCABULARY), 1);
      for (const loss of ['mlm_loss', 'rtd_loss'].filter((name) => first[name]))
        expect(outputs.at(-1)![loss]![0]).toBeLessThan(first[loss]![0]! - 0.001);
      if (recipe !== 'roberta') expect(first['rtd_loss']![0]).toBeCloseTo(Math.log(2), 1);
    },
  );

  it('starts at ln V and ln 2 exactly when everything is zero', async () => {
    const zero = (arrays: HostArrays) => Object.values(arrays).forEach((a) => a.fill(0));
    const { last } = await train(tinySpec(), { start: zero });
    expect(last['mlm_loss']![0]).toBeCloseTo(Math.log(VOCABULARY), 5);
    expect(last['rtd_loss']![0]).toBeCloseTo(Math.log(2), 6);
  });

  it('labels what the generator replaced, and padding -1', async () => {
    const { last } = await train(tinySpec());
    const labels = numbers(last, 'rtd_labels');
    const { slot } = tinyBatch(tinySpec(), 1);
    expect(labels.slice(-3)).toEqual([-1, -1, -1]);
    expect(labels.slice(0, -3).every((label, i) => label === 0 || (label === 1 && slot![i]! >= 0))).toBe(true);
    const selections = numbers({ slot: slot! }, 'slot').filter((s) => s >= 0).length;
    expect(last['replaced_rate']![0]).toBeCloseTo(labels.filter((l) => l === 1).length / selections, 6);
  });
});

describe('lambda', () => {
  const generatorRun = async (recipe: 'decoupled-optim' | 'electra', lossWeight: number, changes = {}) => {
    const spec = tinySpec(recipe, { objective: { lossWeight }, ...changes });
    const { outputs, state } = await train(spec, { steps: 3 });
    return { losses: outputs.map((o) => o['mlm_loss']![0]), state: of(state, 'generator/') };
  };

  it('leaves every bit of the generator as it is when optimizers are decoupled', async () => {
    const dropout = { model: { generator: { dropout: 0.1, attentionDropout: 0.1 } } };
    const [one, ...more] = [1, 50, 200].map((lambda) => generatorRun('decoupled-optim', lambda, dropout));
    for (const run of more) expect(await run).toEqual(await one);
  });

  it('moves the generator when embeddings are shared', async () => {
    const [one, fifty] = [await generatorRun('electra', 1), await generatorRun('electra', 50)];
    expect(fifty.losses).not.toEqual(one.losses);
  });

  it('scales the gradient of the discriminator', async () => {
    const norm = async (lossWeight: number) =>
      (await train(tinySpec('decoupled-optim', { objective: { lossWeight } }))).last['grad_norm/discriminator']![0]!;
    expect((await norm(50)) / (await norm(1))).toBeCloseTo(50, 2);
  });
});

describe('accumulation', () => {
  // A generator that is certain of one token draws it with any random numbers.
  const certain = (arrays: HostArrays) => {
    if (arrays['generator/mlm/bias']) arrays['generator/mlm/bias'][10] = 1e4;
  };
  const run = (recipe: 'roberta' | 'decoupled-optim', accumulation: number) =>
    train(tinySpec(recipe, { schedule: { accumulation } }), { start: certain });

  it.each([
    ['roberta', 2],
    ['decoupled-optim', 2],
    ['decoupled-optim', 4],
  ] as const)('of %s in %i micro-batches equals one batch', async (recipe, n) => {
    const [whole, split] = [await run(recipe, 1), await run(recipe, n)];
    const moments = (state: HostArrays) => of(state, '/m/');
    const pairs = { ...whole.last, ...moments(whole.state) };
    for (const [name, values] of Object.entries(pairs)) {
      const other = split.last[name] ?? split.state[name]!;
      const size = Math.max(1, ...Array.from(values, Math.abs));
      values.forEach((v, i) => expect(other[i]! / size).toBeCloseTo(v / size, 5));
    }
    if (recipe === 'decoupled-optim') expect(numbers(whole.last, 'rtd_labels')).toContain(1);
  });
});

describe('remat', () => {
  it('changes no bit', async () => {
    const model = {
      generator: { dropout: 0.1, attentionDropout: 0.1 },
      discriminator: { dropout: 0.1, attentionDropout: 0.1 },
    };
    const run = (remat: boolean) =>
      train(tinySpec('decoupled-optim', { engine: { name: 'cpu', remat }, model }), { steps: 2 });
    expect((await run(true)).state).toEqual((await run(false)).state);
  });
});

describe('finite', () => {
  it.each(['generator/mlm/bias', 'discriminator/rtd/out/bias', 'generator/layer_0/ffn/in/kernel'])(
    'is 0 in the very step that meets a NaN in %s',
    async (name) => {
      const { last } = await train(tinySpec(), { start: (arrays) => (arrays[name]![0] = NaN) });
      expect(last['finite']![0]).toBe(0);
    },
  );

  it('is 1 otherwise', async () => expect((await train(tinySpec())).last['finite']![0]).toBe(1));
});
