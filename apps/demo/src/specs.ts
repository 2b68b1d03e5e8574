import type { JobSpec } from '@orestes/contracts';

type SpecInput = Record<string, unknown> & { kind: JobSpec['kind']; output: string };

export const SEEDS = [1, 2, 3];
export const WEIGHTS = ['pretrained', 'random'] as const;

/** The demo's jobs, each as anyone would write it. */
export function corpusSpec(folder: string, input: string[]): SpecInput {
  return {
    kind: 'corpus',
    name: 'demo-corpus',
    input,
    tokenizer: { train: { vocabularySize: 2048 } },
    sequenceLength: 32,
    validationEvery: 10,
    output: `${folder}/corpus`,
  };
}

export function pretrainSpec(folder: string): SpecInput {
  return {
    kind: 'pretrain',
    name: 'demo-pretrain',
    recipe: 'decoupled-optim',
    size: 'tiny',
    corpus: `${folder}/corpus`,
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
    output: `${folder}/pretrain`,
  };
}

export function finetuneSpec(
  folder: string,
  files: { train: string; validation: string },
  weights: (typeof WEIGHTS)[number],
  seed: number,
): SpecInput {
  return {
    kind: 'finetune',
    name: `demo-sentiment-${weights}-${seed}`,
    checkpoint: `${folder}/pretrain`,
    weights,
    seed,
    task: {
      name: 'sentiment',
      format: 'tsv',
      type: 'classification',
      text: ['text'],
      label: 'label',
      train: files.train,
      validation: files.validation,
    },
    optimizer: { peakLearningRate: 1e-3 },
    schedule: { epochs: 4, batchSize: 32, maxLength: 64 },
    output: `${folder}/sentiment-${weights}-${seed}`,
  };
}
