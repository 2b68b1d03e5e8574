import type { Objective } from '@orestes/contracts';
import { absoluteEncoder, adam, schedule, type Recipe } from './recipe.js';

const objective: Objective = { kind: 'mlm', masking: { probability: 0.15, mask: 0.8, random: 0.1, keep: 0.1 } };

const joint = (peak: number) => ({ kind: 'joint' as const, joint: adam(peak, { clipNorm: null }) });

/** RoBERTa's Table 9: batches of 8K sequences, no clipping. */
export const roberta = {
  paper: 'Liu et al. 2019, RoBERTa: A Robustly Optimized BERT Pretraining Approach, Table 9',
  summary: 'Masked language modelling alone, with masks drawn anew every epoch.',
  sizes: {
    tiny: {
      model: { encoder: absoluteEncoder('tiny') },
      objective,
      optimizers: joint(1e-3),
      schedule: schedule('tiny'),
    },
    base: {
      model: { encoder: absoluteEncoder('base') },
      objective,
      optimizers: joint(6e-4),
      schedule: schedule('base', { maxSteps: 500_000, warmupSteps: 24_000, batchSize: 8192 }),
    },
    large: {
      model: { encoder: absoluteEncoder('large') },
      objective,
      optimizers: joint(4e-4),
      schedule: schedule('large', { maxSteps: 500_000, warmupSteps: 30_000, batchSize: 8192 }),
    },
  },
} satisfies Recipe;
