import type { Masking, MetricRecord } from '@orestes/contracts';
import type { Engine } from '@orestes/engine';
import type { ObjectStore } from '@orestes/storage';

/** One masked batch; shapes in docs/model.md, "One pretraining step". */
export interface PretrainBatch {
  tokens: Int32Array;
  masked: Int32Array;
  length: Int32Array;
  positions: Int32Array;
  weights: Float32Array;
  slot: Int32Array;
  /** Position in the stream after this batch: sequences consumed. */
  samples: number;
  epoch: number;
  sampleIds: ArrayLike<number>;
}

export interface StreamRequest {
  split: 'train' | 'validation';
  seed: number;
  masking: Masking;
  batchSize: number;
  sequenceLength: number;
  /** Position to start from: sequences consumed before. */
  samples: number;
}

/**
 * What pretraining needs of a corpus. A stream of training goes on for ever, epoch after epoch, until it is left or closed; one
 * of validation may end after its split, the last batch filled up with empty rows, and nobody reads it further.
 */
export interface PretrainCorpus {
  /** SHA-256 of its content. */
  readonly digest: string;
  readonly vocabularySize: number;
  readonly tokenizerJson: string;
  /** Sequences of a split. */
  sequences(split: 'train' | 'validation'): number;
  /** Selections that a masked sequence has room for (M). */
  selections(masking: Masking, sequenceLength: number): number;
  stream(request: StreamRequest): AsyncIterable<PretrainBatch>;
}

/** What a run tells whoever watches it. */
export type RunReport =
  | { kind: 'compiled'; program: string; seconds: number; cached: boolean; flops: number }
  | { kind: 'resumed'; step: number; checkpoint: string }
  | {
      kind: 'progress';
      step: number;
      maxSteps: number;
      values: Record<string, number>;
      tokensPerSecond: number;
      etaSeconds: number;
    }
  | { kind: 'evaluation'; step: number; values: Record<string, number | null> }
  /** A line of metrics.jsonl, also those that a resumed run found there. */
  | ({ kind: 'metric' } & MetricRecord)
  | { kind: 'checkpoint'; step: number; address: string; bytes: number }
  | { kind: 'warning'; code: string; message: string };

/** What a run is, by content. */
export interface RunIdentity {
  /** Equal hashes: the same bits on the same machine. */
  recipeHash: string;
  /** The recipe hash as it would be without the seed. */
  experiment: string;
  /** Recipe hash of the pretraining that fine-tuning starts from; null for pretraining. */
  base: string | null;
  /** Of the matrix products of all steps, by formula; null where no formula is known. */
  flops: number | null;
  /** Digest of the corpus; null for fine-tuning. */
  corpus: string | null;
}

/** What the outside gives to a run. */
export interface TrainContext {
  engine: Engine;
  corpus: PretrainCorpus;
  /** The run's output. */
  store: ObjectStore;
  report: (report: RunReport) => void;
  /** Aborted: the run checkpoints after the step it is in, and stops with INTERRUPTED. */
  signal: AbortSignal;
  /** Asked before anything is computed: the result of an equal run, which then stands for this one's, or null. */
  known?: (identity: RunIdentity) => Promise<unknown>;
}
