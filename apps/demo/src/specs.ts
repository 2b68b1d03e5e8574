import type { SubmittedSpec } from '@orestes/contracts';
import type { z } from 'zod';
import type { TaskFiles } from './texts.js';

type PipelineInput = Extract<z.input<typeof SubmittedSpec>, { kind: 'pipeline' }>;

export const SEEDS = [1, 2, 3];

/** The demo's pipeline, as anyone would write it. @param text files of plain text */
export const demoPipeline = (text: string[], sentences: TaskFiles): PipelineInput => ({
  kind: 'pipeline',
  name: 'demo',
  corpus: {
    input: text,
    tokenizer: { train: { vocabularySize: 2048 } },
    sequenceLength: 32,
    validationEvery: 10,
  },
  pretrain: {
    recipe: 'decoupled-optim',
    size: 'tiny',
    // Short sequences and small batches: on a CPU many updates teach more than large ones.
    model: {
      generator: { layers: 1, initializerStd: 0.05 },
      discriminator: { layers: 2, initializerStd: 0.05 },
    },
    // A weak generator: in minutes the discriminator learns more from mistakes that can be seen.
    optimizers: { generator: { peakLearningRate: 3e-4 }, discriminator: { peakLearningRate: 5e-4 } },
    schedule: { maxSteps: 6000, warmupSteps: 300, batchSize: 16, sequenceLength: 32 },
    checkpoint: { everySteps: 1000, keep: 1 },
    log: { everySteps: 20 },
    evaluation: { everySteps: 1000, batches: 64 },
  },
  finetune: {
    seeds: SEEDS,
    weights: ['pretrained', 'random'],
    tasks: [
      {
        task: {
          name: 'sentiment',
          format: 'tsv',
          type: 'classification',
          text: ['text'],
          label: 'label',
          train: sentences.train,
          validation: sentences.validation,
        },
        optimizer: { peakLearningRate: 1e-3 },
        schedule: { epochs: 4, batchSize: 32, maxLength: 64 },
      },
    ],
  },
});
