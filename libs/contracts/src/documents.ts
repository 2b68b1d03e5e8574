import { z } from 'zod';
import { EncoderConfig } from './model.js';

/** A digest of content: lower-case hexadecimal SHA-256. */
export const Sha256 = z.string().regex(/^[0-9a-f]{64}$/);

/** One line of a run's metrics.jsonl. `step` counts optimizer updates done. */
export const MetricRecord = z.strictObject({
  step: z.int().min(0),
  /** Milliseconds since 1970. */
  time: z.number(),
  split: z.enum(['train', 'validation']),
  values: z.record(z.string(), z.number().nullable()),
});

/** manifest.json of a checkpoint: written last, so its presence says that every part is whole. */
export const CheckpointManifest = z.strictObject({
  format: z.literal('orestes.checkpoint/1'),
  step: z.int().min(0),
  /** Position in the sample stream: sequences consumed. */
  samples: z.int().min(0),
  /** SHA-256 of the resolved spec in canonical JSON. */
  recipeHash: Sha256,
  /** The resolved spec. */
  spec: z.record(z.string(), z.unknown()),
  /** What a reader needs to build the encoders without the spec. */
  encoders: z.record(z.string(), EncoderConfig),
  vocabularySize: z.int().min(1),
  /** The tokenizer's digest; the file itself lies beside the manifest as tokenizer.json. */
  tokenizer: Sha256,
  parts: z
    .array(z.strictObject({ file: z.string().regex(/^[A-Za-z0-9._-]+$/), bytes: z.int().min(0), sha256: Sha256 }))
    .min(1),
});

/** result.json of a finished run, per kind. */
export const FinetuneResult = z.strictObject({
  kind: z.literal('finetune'),
  task: z.string(),
  seed: z.int(),
  weights: z.enum(['pretrained', 'random']),
  /** One entry an epoch: metric name -> value. */
  epochs: z.array(z.record(z.string(), z.number())),
  /** The task's own metric: name, last epoch's value and best epoch's. */
  metric: z.strictObject({ name: z.string(), last: z.number(), best: z.number() }),
  droppedRows: z.int().min(0),
});

export const EvaluateResult = z.strictObject({
  kind: z.literal('evaluate'),
  accuracy: z.number(),
  f1: z.number(),
  auroc: z.number(),
  replacedRate: z.number(),
  tokens: z.int(),
});

export const PretrainResult = z.strictObject({
  kind: z.literal('pretrain'),
  steps: z.int(),
  tokens: z.int(),
  checkpoint: z.string(),
  /** Held-out measures before the first and after the last step. */
  first: z.record(z.string(), z.number()),
  last: z.record(z.string(), z.number()),
});

export type MetricRecord = z.infer<typeof MetricRecord>;
export type CheckpointManifest = z.infer<typeof CheckpointManifest>;
export type FinetuneResult = z.infer<typeof FinetuneResult>;
export type EvaluateResult = z.infer<typeof EvaluateResult>;
export type PretrainResult = z.infer<typeof PretrainResult>;
