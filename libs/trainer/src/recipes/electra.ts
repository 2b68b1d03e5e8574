import type { Objective } from '@orestes/contracts';
import { adam, relativeEncoder, schedule, type Recipe } from './recipe.js';

const objective: Objective = {
  kind: 'rtd',
  embeddings: 'shared',
  lossWeight: 50,
  masking: { probability: 0.15, mask: 0.85, random: 0, keep: 0.15 },
};

const joint = (peak: number) => ({ kind: 'joint' as const, joint: adam(peak) });

/**
 * ELECTRA's design as Dong et al. compare with ("Original"): one loss L_G + 50 L_D, one optimizer, one word table, their
 * Table 2 for the rest. The generator has 4 layers of full width, the depth that this design prefers (their fig. 1).
 */
export const electra = {
  paper: 'Clark et al. 2020, ELECTRA, ICLR; settings of Dong et al. 2023, Table 2 and fig. 3',
  summary: 'Replaced token detection; one optimizer for both encoders, which share the word table.',
  sizes: {
    tiny: {
      model: { generator: relativeEncoder('tiny', { layers: 2 }), discriminator: relativeEncoder('tiny') },
      objective,
      optimizers: joint(1e-3),
      schedule: schedule('tiny'),
    },
    base: {
      model: { generator: relativeEncoder('base', { layers: 4 }), discriminator: relativeEncoder('base') },
      objective,
      optimizers: joint(5e-4),
      schedule: schedule('base'),
    },
    large: {
      model: { generator: relativeEncoder('large', { layers: 4 }), discriminator: relativeEncoder('large') },
      objective,
      optimizers: joint(2e-4),
      schedule: schedule('large'),
    },
  },
} satisfies Recipe;
