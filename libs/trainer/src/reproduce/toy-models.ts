import { PretrainSpec, type EncoderConfig, type Optimizer, type ResolvedPretrain } from '@orestes/contracts';
import { resolvePretrain } from '../recipes/resolve.js';

/** What tells one design from another. Runs of a design share one compiled program. */
export type Design = 'decoupled' | 'shared' | 'clipped' | 'standalone';

/** What one run varies. Learning rates are peaks. */
export interface Setting {
  design: Design;
  /** lambda: weight of the RTD loss. */
  lossWeight: number;
  etaG: number;
  etaD: number;
  steps: number;
  /** Batches that it is measured on. */
  heldOut: number;
  seed: number;
}

const encoder = (layers: number): EncoderConfig => ({
  layers,
  hidden: 32,
  heads: 2,
  ffn: 64,
  embedding: 32,
  relativeBias: { buckets: 32, maxDistance: 32, form: 't5' },
  absolutePositions: null,
  admin: 'none',
  dropout: 0,
  attentionDropout: 0,
  initializerStd: 0.1,
});

/** The paper's generator and discriminator in small: G is deeper than D, so that it can be too strong. */
export const GENERATOR = encoder(4);
export const DISCRIMINATOR = encoder(2);

/** The joint norm of the clipped design. */
export const JOINT_CLIP = 2.0;

const adam = (peakLearningRate: number, clipNorm: number | null = null): Optimizer => ({
  name: 'adam',
  peakLearningRate,
  beta1: 0.9,
  beta2: 0.98,
  epsilon: 1e-6,
  weightDecay: 0,
  decay: 'all',
  clipNorm,
});

const separate = ({ etaG, etaD }: Setting) => ({
  kind: 'decoupled',
  generator: adam(etaG),
  discriminator: adam(etaD),
});
const joint = ({ etaG }: Setting, clipNorm: number | null) => ({ kind: 'joint', joint: adam(etaG, clipNorm) });

const designs = {
  decoupled: (s) => ({ recipe: 'decoupled-optim', embeddings: 'separate', optimizers: separate(s) }),
  shared: (s) => ({ recipe: 'electra', embeddings: 'shared', optimizers: joint(s, null) }),
  clipped: (s) => ({ recipe: 'electra', embeddings: 'separate', optimizers: joint(s, JOINT_CLIP) }),
  standalone: (s) => ({ recipe: 'roberta', embeddings: null, optimizers: joint(s, null) }),
} satisfies Record<
  Design,
  (s: Setting) => { recipe: PretrainSpec['recipe']; embeddings: 'separate' | 'shared' | null; optimizers: object }
>;

/** Four masks in 24 tokens. */
export const SEQUENCE_LENGTH = 24;
const MASKING = { probability: 4 / SEQUENCE_LENGTH, mask: 1, random: 0, keep: 0 };

export const BATCH_SIZE = 64;

/** The whole spec of a run: warm-up over a tenth of its steps, then linear decay. */
export function toySpec(setting: Setting): ResolvedPretrain {
  const { design, lossWeight, steps, heldOut, seed } = setting;
  const { recipe, embeddings, optimizers } = designs[design](setting);
  const rtd = embeddings !== null;
  return resolvePretrain(
    PretrainSpec.parse({
      kind: 'pretrain',
      name: design,
      seed,
      output: 'toy',
      corpus: 'toy',
      recipe,
      size: 'tiny',
      model: rtd ? { generator: GENERATOR, discriminator: DISCRIMINATOR } : { encoder: GENERATOR },
      objective: rtd ? { kind: 'rtd', embeddings, lossWeight, masking: MASKING } : { kind: 'mlm', masking: MASKING },
      optimizers,
      schedule: {
        maxSteps: steps,
        warmupSteps: Math.ceil(steps / 10),
        batchSize: BATCH_SIZE,
        sequenceLength: SEQUENCE_LENGTH,
        accumulation: 1,
      },
      evaluation: { batches: heldOut },
    }),
  );
}
