import type { JobKind } from '@orestes/contracts';

/** A spec of each kind to begin with; addresses and names are the reader's to change. */
export const EXAMPLES = {
  corpus: {
    kind: 'corpus',
    name: 'my-corpus',
    input: ['/data/text/part-1.txt'],
    tokenizer: { train: { vocabularySize: 8192 } },
    sequenceLength: 128,
  },
  pretrain: {
    kind: 'pretrain',
    name: 'my-run',
    recipe: 'decoupled-optim',
    size: 'tiny',
    corpus: 'job:ID of a corpus job',
    optimizers: { generator: { peakLearningRate: 1e-3 }, discriminator: { peakLearningRate: 2e-3 } },
    schedule: { maxSteps: 1000, batchSize: 32 },
  },
  finetune: {
    kind: 'finetune',
    name: 'my-run-cola',
    checkpoint: 'job:ID of a pretraining job',
    task: { glue: 'cola', data: '/data/glue/CoLA' },
    schedule: { epochs: 3, batchSize: 32 },
  },
  evaluate: {
    kind: 'evaluate',
    name: 'my-run-rtd',
    discriminator: 'job:ID of a pretraining job',
    generator: 'job:ID of another one',
    corpus: 'job:ID of a corpus job',
  },
  sweep: {
    kind: 'sweep',
    name: 'rates',
    base: {
      kind: 'pretrain',
      recipe: 'decoupled-optim',
      size: 'tiny',
      corpus: 'job:ID of a corpus job',
      schedule: { maxSteps: 1000 },
    },
    grid: {
      'optimizers.generator.peakLearningRate': [1e-4, 1e-3],
      'optimizers.discriminator.peakLearningRate': [1e-3, 2e-3],
    },
    seeds: [1, 2, 3],
  },
  pipeline: {
    kind: 'pipeline',
    name: 'whole',
    corpus: { input: ['/data/text/part-1.txt'], tokenizer: { train: { vocabularySize: 8192 } } },
    pretrain: { recipe: 'decoupled-optim', size: 'tiny' },
    finetune: { tasks: [{ task: { glue: 'cola', data: '/data/glue/CoLA' } }], seeds: [1, 2, 3] },
  },
} satisfies Record<JobKind, { kind: JobKind } & Record<string, unknown>>;
