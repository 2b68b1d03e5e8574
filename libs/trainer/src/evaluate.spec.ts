import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EvaluateSpec, type PretrainResult, type PretrainSpec } from '@orestes/contracts';
import { EagerEngine, type Engine } from '@orestes/engine';
import { FileStore } from '@orestes/storage';
import { evaluate } from './evaluate.js';
import { EVALUATION_SEED } from './held-out.js';
import { pretrain } from './pretrain.js';
import { MemoryCorpus } from './testing/memory-corpus.js';
import { tinySpec } from './testing/tiny.js';

let engine: Engine;
let folder: string;
const { signal } = new AbortController();
const BATCHES = 3;
const trained: Partial<Record<string, PretrainResult>> = {};
const at = (name: string) => join(folder, name);

beforeAll(async () => {
  engine = await EagerEngine.create('cpu');
  folder = await mkdtemp(join(tmpdir(), 'orestes-evaluate-'));
  for (const recipe of ['roberta', 'electra', 'decoupled-optim'] as const) trained[recipe] = await train(recipe);
});
afterAll(() => rm(folder, { recursive: true }));

async function train(recipe: PretrainSpec['recipe']) {
  const spec = tinySpec(recipe, { schedule: { maxSteps: 1, warmupSteps: 0 }, evaluation: { batches: BATCHES } });
  const store = new FileStore(at(recipe));
  return pretrain(spec, { engine, corpus: new MemoryCorpus(), store, report: () => undefined, signal });
}

const spec = (discriminator: string, generator: string) =>
  EvaluateSpec.parse({
    kind: 'evaluate',
    name: 'e',
    output: 'out',
    corpus: 'corpus',
    discriminator: at(discriminator),
    generator: at(generator),
    batches: BATCHES,
    batchSize: 4,
  });

describe('evaluate', () => {
  it.each([
    ['decoupled-optim', 'roberta'],
    ['electra', 'roberta'],
    ['electra', 'electra'],
    ['decoupled-optim', 'electra'],
  ])('measures the discriminator of %s against the generator of %s', async (discriminator, generator) => {
    const context = { engine, corpus: new MemoryCorpus(), signal };
    const result = await evaluate(spec(discriminator, generator), context);
    // 8 validation sequences, two of them two tokens short.
    expect(result).toMatchObject({ kind: 'evaluate', tokens: 2 * 4 * 8 - 4 });
    // Generators that have not learned replace nearly everything.
    expect(result.replacedRate).toBeGreaterThan(0.7);
    for (const measure of [result.accuracy, result.f1, result.auroc]) {
      expect(measure).toBeGreaterThanOrEqual(0);
      expect(measure).toBeLessThanOrEqual(1);
    }
    expect(await evaluate(spec(discriminator, generator), context)).toEqual(result);
  });

  it.each(['electra', 'decoupled-optim'])(
    'of %s against its own generator gives what pretraining measured',
    async (name) => {
      const context = { engine, corpus: new MemoryCorpus(), signal };
      const result = await evaluate({ ...spec(name, name), seed: EVALUATION_SEED }, context);
      const { rtd_auroc, rtd_f1, rtd_accuracy, replaced_rate } = trained[name]!.last;
      expect(result).toMatchObject({
        auroc: rtd_auroc,
        f1: rtd_f1,
        accuracy: rtd_accuracy,
        replacedRate: replaced_rate,
      });
    },
  );

  it('refuses a checkpoint without a discriminator', async () => {
    await expect(
      evaluate(spec('roberta', 'electra'), { engine, corpus: new MemoryCorpus(), signal }),
    ).rejects.toMatchObject({ code: 'ENCODER_MISSING', message: expect.stringContaining('it has encoder') });
  });

  it('refuses a corpus with another tokenizer', async () => {
    const corpus = Object.assign(new MemoryCorpus(), { tokenizerJson: '{}' });
    await expect(evaluate(spec('electra', 'roberta'), { engine, corpus, signal })).rejects.toMatchObject({
      code: 'TOKENIZER_MISMATCH',
    });
  });
});
