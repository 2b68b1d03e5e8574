import { z } from 'zod';

const positiveInt = z.int().min(1);
const fraction = z.number().min(0).max(1);
const rate = z.number().min(0).lt(1);

/** T5 relative position bias (Raffel et al. 2019). */
export const RelativeBias = z.strictObject({
  buckets: positiveInt.min(2).max(1024).describe('Buckets of distances; each has a learned bias per head.'),
  maxDistance: positiveInt.min(2).max(65536).describe('Tokens; all greater distances share the last bucket.'),
  form: z.enum(['t5', 'metro']).describe('The bucket function: two functions, not interchangeable.'),
});

/** One transformer encoder, post-layer-norm. Widths in units, depth in layers, lengths in tokens. */
export const EncoderConfig = z
  .strictObject({
    layers: positiveInt.max(256).describe('Transformer layers.'),
    hidden: positiveInt.max(16384).describe('Width; a multiple of `heads`.'),
    heads: positiveInt.max(256).describe('Attention heads.'),
    ffn: positiveInt.max(65536).describe('Inner width of the feed-forward branch.'),
    embedding: positiveInt.max(16384).describe('Width of the token embedding; projected to `hidden` when it differs.'),
    relativeBias: RelativeBias.nullable().describe('T5 relative position bias (Raffel et al. 2019); null: none.'),
    absolutePositions: positiveInt
      .max(65536)
      .nullable()
      .describe('Learned absolute positions: how many, at least the sequence length; null: none.'),
    admin: z
      .enum(['none', 'profiled', 'constant'])
      .describe(
        'Admin initialisation (Liu et al. 2020), weights of the residual branches: `profiled` measures variances on one batch, `constant` is the closed form.',
      ),
    dropout: rate.describe('Of embeddings and of each branch.'),
    attentionDropout: rate.describe('Of the attention weights.'),
    initializerStd: z.number().positive().max(1).describe('Standard deviation of the initial weights.'),
  })
  .refine((c) => c.hidden % c.heads === 0, {
    message: 'hidden must be a multiple of heads',
    path: ['heads'],
  });

/** Which tokens are selected, and what the selected ones are replaced by. */
export const Masking = z
  .strictObject({
    probability: fraction.gt(0).lt(1).describe('Share of the tokens that is selected.'),
    mask: fraction.describe('Of these, the share that becomes [MASK]. `mask` + `random` + `keep` is 1.'),
    random: fraction.describe('The share that becomes a random token.'),
    keep: fraction.describe('The share that stays as it is.'),
  })
  .refine((m) => Math.abs(m.mask + m.random + m.keep - 1) < 1e-9, { message: 'mask + random + keep must be 1' });

/** Replaced token detection: a generator (MLM) corrupts, a discriminator detects; or MLM alone. */
export const Objective = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z
      .literal('rtd')
      .describe('`rtd`: a generator replaces tokens, a discriminator detects them. `mlm`: one encoder fills masks.'),
    embeddings: z.enum(['separate', 'shared']).describe('`rtd` only: whether both encoders have one word table.'),
    lossWeight: z.number().positive().max(1e6).describe("`rtd` only: lambda, the weight of the discriminator's loss."),
    masking: Masking,
  }),
  z.strictObject({ kind: z.literal('mlm'), masking: Masking }),
]);

export const Optimizer = z.strictObject({
  name: z
    .enum(['adam', 'adamax'])
    .describe("fairseq's Adam, or AdaMax; formulas: [the model](model.md#one-pretraining-step)."),
  peakLearningRate: z.number().positive().max(10).describe('At the end of the warm-up.'),
  beta1: rate.describe('Decay of the first moment.'),
  beta2: rate.describe('Decay of the second moment.'),
  epsilon: z.number().min(1e-30).max(1).describe('Added to the denominator; float32 knows nothing much smaller.'),
  weightDecay: z
    .number()
    .min(0)
    .max(1)
    .describe('Decoupled: each update takes learning rate x this share of a parameter.'),
  decay: z
    .enum(['all', 'matrices'])
    .describe('`all`: every parameter decays (fairseq); `matrices`: biases, norms and omegas do not (ELECTRA).'),
  clipNorm: z
    .number()
    .positive()
    .nullable()
    .describe("Gradients are scaled down to this global norm over the optimizer's parameters; null: no clipping."),
});

export const Optimizers = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z
      .literal('decoupled')
      .describe(
        '`decoupled`: one optimizer each for `generator` and `discriminator`. `joint`: one, `joint`, over everything.',
      ),
    generator: Optimizer,
    discriminator: Optimizer,
  }),
  z.strictObject({ kind: z.literal('joint'), joint: Optimizer }),
]);

/** Linear warm-up, then linear decay to 0 at `maxSteps`. */
export const Schedule = z
  .strictObject({
    maxSteps: positiveInt
      .max(100_000_000)
      .describe('Optimizer updates; the learning rate falls linearly to 0 at the last.'),
    warmupSteps: z.int().min(0).describe('Updates over which the learning rate rises linearly; at most `maxSteps`.'),
    batchSize: positiveInt
      .max(1_000_000)
      .describe('Sequences an update, over all devices; a multiple of `accumulation` x `engine.devices`.'),
    sequenceLength: positiveInt
      .min(8)
      .max(65536)
      .describe("Tokens; at least the corpus's. Shorter sequences are padded."),
    accumulation: positiveInt
      .max(4096)
      .describe('Micro-batches that an update is split into: less memory, the same gradients.'),
  })
  .refine((s) => s.warmupSteps <= s.maxSteps, {
    message: 'warmupSteps must not exceed maxSteps',
    path: ['warmupSteps'],
  })
  .refine((s) => s.batchSize % s.accumulation === 0, {
    message: 'batchSize must be a multiple of accumulation',
    path: ['accumulation'],
  });

/** The encoders of a pretraining run: `encoder` alone for MLM, `generator` and `discriminator` for RTD. */
export const Models = z.strictObject({
  encoder: EncoderConfig.optional(),
  generator: EncoderConfig.optional(),
  discriminator: EncoderConfig.optional(),
});

export type RelativeBias = z.infer<typeof RelativeBias>;
export type EncoderConfig = z.infer<typeof EncoderConfig>;
export type Masking = z.infer<typeof Masking>;
export type Objective = z.infer<typeof Objective>;
export type Optimizer = z.infer<typeof Optimizer>;
export type Optimizers = z.infer<typeof Optimizers>;
export type Schedule = z.infer<typeof Schedule>;
export type Models = z.infer<typeof Models>;
