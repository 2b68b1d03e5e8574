import { maxSelections, type MaskedRows } from './masking.js';

/** Sample id of a row that holds no sequence. */
export const NO_SAMPLE = 0xffffffff;

/**
 * A masked batch of B sequences of S tokens, M selections each (docs/model.md, "One pretraining step"). Where a stream
 * ends inside a batch, the rows left over are empty: length 0, weights 0, sample id NO_SAMPLE.
 */
export interface PretrainBatch extends MaskedRows {
  /** [B*S] original ids, padded at the end. */
  tokens: Int32Array;
  /** [B*S] ids after masking. */
  masked: Int32Array;
  /** [B] tokens of each row that are no padding. */
  length: Int32Array;
  /** [B*M] selected places within their row; 0 where the weight is 0. */
  positions: Int32Array;
  /** [B*M] 1 for a selection, 0 for filling up. */
  weights: Float32Array;
  /** [B*S] b*M+m of the selection at that place, or -1. */
  slot: Int32Array;
  /** Position in the stream after this batch: sequences consumed by all readers together. */
  samples: number;
  /** Epoch of the first sequence of the batch, over all readers. */
  epoch: number;
  /** [B] place of each row's sequence in the corpus, counted through its shards. */
  sampleIds: Uint32Array;
}

export function emptyBatch(rows: number, sequenceLength: number, probability: number, pad: number): PretrainBatch {
  const selections = maxSelections(sequenceLength, probability);
  return {
    tokens: new Int32Array(rows * sequenceLength).fill(pad),
    masked: new Int32Array(rows * sequenceLength),
    length: new Int32Array(rows),
    positions: new Int32Array(rows * selections),
    weights: new Float32Array(rows * selections),
    slot: new Int32Array(rows * sequenceLength).fill(-1),
    samples: 0,
    epoch: 0,
    sampleIds: new Uint32Array(rows).fill(NO_SAMPLE),
  };
}

/** The memory of a batch, to be moved to another thread. */
export const buffersOf = ({
  tokens,
  masked,
  length,
  positions,
  weights,
  slot,
  sampleIds,
}: PretrainBatch): ArrayBuffer[] =>
  [tokens, masked, length, positions, weights, slot, sampleIds].map((array) => array.buffer as ArrayBuffer);
