import { threefry, type HostArrays } from '@orestes/engine';

/** An example as the encoder reads it. */
export interface EncodedExample {
  /** [CLS] a [SEP], or [CLS] a [SEP] b [SEP]. */
  tokens: Int32Array;
  /** Number of the class, or the normalised score. */
  target: number;
}

/** Examples that run together, by number, all padded to `length` tokens. */
export interface Batch {
  length: number;
  examples: number[];
}

const SHORTEST = 16;
/** Batches whose examples are sorted by length before they are cut: little padding, and still a random mixture. */
const WINDOW = 50;

/** Tokens that an example is padded to: 16, 32, 64, ... but never more than maxLength. One program is compiled for each. */
export function paddedLength(tokens: number, maxLength: number): number {
  let length = SHORTEST;
  while (length < tokens) length *= 2;
  return Math.min(length, maxLength);
}

/** The order of an epoch: every example once, the same for the same (seed, epoch). */
export function trainBatches(
  lengths: readonly number[],
  options: { batchSize: number; maxLength: number; seed: number; epoch: number },
): Batch[] {
  const { batchSize, maxLength, seed, epoch } = options;
  const key = threefry([seed, 2], [epoch, 0]);
  const order = shuffled(
    lengths.map((_, i) => i),
    threefry(key, [0, 0]),
  );
  const batches: Batch[] = [];
  for (let start = 0; start < order.length; start += WINDOW * batchSize) {
    const window = order.slice(start, start + WINDOW * batchSize);
    batches.push(...cut(window, lengths, batchSize, maxLength));
  }
  return shuffled(batches, threefry(key, [1, 0]));
}

/** Every example once, shortest first. */
export function evaluationBatches(lengths: readonly number[], batchSize: number, maxLength: number): Batch[] {
  return cut(
    lengths.map((_, i) => i),
    lengths,
    batchSize,
    maxLength,
  );
}

function cut(examples: number[], lengths: readonly number[], batchSize: number, maxLength: number): Batch[] {
  const sorted = [...examples].sort((a, b) => lengths[a]! - lengths[b]!);
  const batches: Batch[] = [];
  for (let start = 0; start < sorted.length; start += batchSize) {
    const chosen = sorted.slice(start, start + batchSize);
    batches.push({ length: paddedLength(lengths[chosen.at(-1)!]!, maxLength), examples: chosen });
  }
  return batches;
}

/** Fisher-Yates with threefry(key; (0, i)) as the i-th draw. */
function shuffled<T>(values: readonly T[], key: readonly [number, number]): T[] {
  const result = [...values];
  for (let i = result.length - 1; i > 0; i--) {
    const draw = threefry(key, [0, i])[0] >>> 0;
    const j = Math.floor((draw / 2 ** 32) * (i + 1));
    [result[i], result[j]] = [result[j]!, result[i]!];
  }
  return result;
}

/**
 * The arrays of a batch of `batchSize` rows: `tokens` int32 [B,S], `length` int32 [B], `target` [B] (int32 for classes,
 * float32 for scores), `weight` float32 [B]. Rows past the batch's examples have weight 0.
 */
export function batchArrays(
  examples: readonly EncodedExample[],
  batch: Batch,
  options: { batchSize: number; padding: number; scores: boolean },
): HostArrays {
  const { batchSize, padding, scores } = options;
  const tokens = new Int32Array(batchSize * batch.length).fill(padding);
  const length = new Int32Array(batchSize).fill(1);
  const target = scores ? new Float32Array(batchSize) : new Int32Array(batchSize);
  const weight = new Float32Array(batchSize);
  batch.examples.forEach((number, row) => {
    const example = examples[number]!;
    tokens.set(example.tokens, row * batch.length);
    length[row] = example.tokens.length;
    target[row] = example.target;
    weight[row] = 1;
  });
  return { tokens, length, target, weight };
}
