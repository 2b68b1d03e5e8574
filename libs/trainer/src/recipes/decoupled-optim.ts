import type { Objective } from '@orestes/contracts';
import { adam, relativeEncoder, schedule, type Recipe } from './recipe.js';

/** lambda is 1: with optimizers of their own it scales D's gradient alone, which Adam undoes but for clipping and epsilon. */
const objective: Objective = {
  kind: 'rtd',
  embeddings: 'separate',
  lossWeight: 1,
  masking: { probability: 0.15, mask: 0.8, random: 0.1, keep: 0.1 },
};

const optimizers = (generator: number, discriminator: number) => ({
  kind: 'decoupled' as const,
  generator: adam(generator),
  discriminator: adam(discriminator),
});

export const decoupledOptim = {
  paper: 'Dong et al. 2023, Understand and Modularize Generator Optimization in ELECTRA-style Pretraining, ICML',
  summary: 'Replaced token detection; generator and discriminator have embeddings and optimizers of their own.',
  sizes: {
    tiny: {
      model: { generator: relativeEncoder('tiny'), discriminator: relativeEncoder('tiny') },
      objective,
      optimizers: optimizers(1e-3, 2e-3),
      schedule: schedule('tiny'),
    },
    base: {
      model: { generator: relativeEncoder('base'), discriminator: relativeEncoder('base') },
      objective,
      optimizers: optimizers(2e-4, 1.5e-3),
      schedule: schedule('base'),
    },
    large: {
      model: { generator: relativeEncoder('large', { layers: 8 }), discriminator: relativeEncoder('large') },
      objective,
      optimizers: optimizers(2e-4, 1.5e-3),
      schedule: schedule('large'),
    },
  },
} satisfies Recipe;
