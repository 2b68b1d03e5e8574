import { sha256, type Masking } from '@orestes/contracts';
import { threefry } from '@orestes/engine';
import type { PretrainBatch, PretrainCorpus, StreamRequest } from '../train-context.js';

export const VOCABULARY = 23;
const [PAD, START, MASK, FIRST_WORD] = [0, 1, 4, 5];

const uniform = (key: [number, number], n: number) => (threefry(key, [n, 0])[0] >>> 0) / 2 ** 32;

/** A corpus of random walks over a small vocabulary: each token is near the one before it, so there is something to learn. */
export class MemoryCorpus implements PretrainCorpus {
  readonly vocabularySize = VOCABULARY;
  readonly tokenizerJson = '{"version":"1.0"}';
  readonly digest: string;

  /**
   * @param sizes sequences a split
   * @param poison sequences consumed after which weights are infinite, as a fault to find
   */
  constructor(
    private readonly sizes: { train: number; validation: number } = { train: 64, validation: 8 },
    private readonly poison = Infinity,
  ) {
    this.digest = sha256(JSON.stringify(sizes));
  }

  sequences(split: 'train' | 'validation'): number {
    return this.sizes[split];
  }

  selections(masking: Masking, sequenceLength: number): number {
    return Math.floor(masking.probability * sequenceLength) + 1;
  }

  // eslint-disable-next-line @typescript-eslint/require-await -- in memory there is nothing to wait for
  async *stream(request: StreamRequest): AsyncGenerator<PretrainBatch> {
    for (let samples = request.samples; ; samples += request.batchSize) yield this.batch(request, samples);
  }

  private batch(request: StreamRequest, from: number): PretrainBatch {
    const { split, seed, masking, batchSize: rows, sequenceLength: length } = request;
    const size = this.sizes[split];
    const selections = this.selections(masking, length);
    const sampleIds = Array.from({ length: rows }, (_, b) => (from + b) % size);
    const tokens = new Int32Array(rows * length).fill(PAD);
    const lengths = new Int32Array(rows);
    const positions = new Int32Array(rows * selections);
    const weights = new Float32Array(rows * selections);
    const slot = new Int32Array(rows * length).fill(-1);
    for (const [b, id] of sampleIds.entries()) {
      const sequence = walk(split === 'train' ? id : 1_000_000 + id, length);
      tokens.set(sequence, b * length);
      lengths[b] = sequence.length;
    }
    const masked = tokens.slice();
    for (const [b, id] of sampleIds.entries()) {
      const epoch = Math.floor((from + b) / size);
      for (let m = 0; m < selections; m++) {
        const at = 1 + Math.floor(uniform([seed + 31 * epoch, id], m) * (lengths[b]! - 1));
        if (slot[b * length + at] !== -1) continue;
        positions[b * selections + m] = at;
        weights[b * selections + m] = from >= this.poison ? Infinity : 1;
        slot[b * length + at] = b * selections + m;
        masked[b * length + at] = MASK;
      }
    }
    const samples = from + rows;
    return {
      tokens,
      masked,
      length: lengths,
      positions,
      weights,
      slot,
      samples,
      epoch: Math.floor(from / size),
      sampleIds,
    };
  }
}

/** Tokens of sequence `id`: every fifth one is two tokens shorter. */
function walk(id: number, length: number): number[] {
  const words = VOCABULARY - FIRST_WORD;
  const tokens = [START];
  let word = Math.floor(uniform([id, 1], 0) * words);
  while (tokens.length < length - (id % 5 === 0 ? 2 : 0)) {
    tokens.push(FIRST_WORD + word);
    word = (word + 1 + Math.floor(uniform([id, 2], tokens.length) * 2)) % words;
  }
  return tokens;
}
