import type {
  EncoderConfig,
  Models,
  Objective,
  Optimizer,
  Optimizers,
  PretrainSpec,
  Schedule,
} from '@orestes/contracts';

export type Size = PretrainSpec['size'];

/** Everything of a pretraining run that a recipe fixes, in one size. */
export interface RecipeValues {
  model: Models;
  objective: Objective;
  optimizers: Optimizers;
  schedule: Schedule;
}

/** A published way to pretrain: a plain value. */
export interface Recipe {
  /** Where its values come from. */
  paper: string;
  /** One sentence for `orestes recipes`. */
  summary: string;
  sizes: Readonly<Record<Size, RecipeValues>>;
}

/** BERT's encoder in the sizes of all recipes; tiny trains on one CPU. */
const widths = {
  tiny: { layers: 4, hidden: 128, heads: 4, ffn: 512, embedding: 128 },
  base: { layers: 12, hidden: 768, heads: 12, ffn: 3072, embedding: 768 },
  large: { layers: 24, hidden: 1024, heads: 16, ffn: 4096, embedding: 1024 },
} satisfies Record<Size, Partial<EncoderConfig>>;

/** Table 2 of Dong et al. 2023. Tiny has base's buckets, and no dropout: a run that short doesn't overfit. */
const relative = {
  tiny: { buckets: 32, maxDistance: 128, form: 't5' },
  base: { buckets: 32, maxDistance: 128, form: 't5' },
  large: { buckets: 128, maxDistance: 256, form: 't5' },
} satisfies Record<Size, EncoderConfig['relativeBias']>;

const regularized = (size: Size) =>
  size === 'tiny' ? { dropout: 0, attentionDropout: 0 } : { dropout: 0.1, attentionDropout: 0.1 };

/** Dong et al. 2023: T5 relative positions, Admin. */
export const relativeEncoder = (size: Size, changes: Partial<EncoderConfig> = {}): EncoderConfig => ({
  ...widths[size],
  relativeBias: relative[size],
  absolutePositions: null,
  admin: 'profiled',
  ...regularized(size),
  initializerStd: 0.02,
  ...changes,
});

/** BERT, RoBERTa: learned absolute positions. */
export const absoluteEncoder = (size: Size, changes: Partial<EncoderConfig> = {}): EncoderConfig => ({
  ...widths[size],
  relativeBias: null,
  absolutePositions: 512,
  admin: 'none',
  ...regularized(size),
  initializerStd: 0.02,
  ...changes,
});

/** Adam of Table 2, which is also fairseq's for RoBERTa but for the clipping. */
export const adam = (peakLearningRate: number, changes: Partial<Optimizer> = {}): Optimizer => ({
  name: 'adam',
  peakLearningRate,
  beta1: 0.9,
  beta2: 0.98,
  epsilon: 1e-6,
  weightDecay: 0.01,
  decay: 'all',
  clipNorm: 2.0,
  ...changes,
});

/** Table 2 for base and large; minutes on a CPU for tiny. */
export const schedule = (size: Size, changes: Partial<Schedule> = {}): Schedule => ({
  ...(size === 'tiny'
    ? { maxSteps: 1000, warmupSteps: 100, batchSize: 32, sequenceLength: 128, accumulation: 1 }
    : { maxSteps: 125_000, warmupSteps: 10_000, batchSize: 2048, sequenceLength: 512, accumulation: 1 }),
  ...changes,
});
