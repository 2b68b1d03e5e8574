import { sha256, type Masking } from '@orestes/contracts';
import { threefry, type Key } from '@orestes/engine';
import type { PretrainBatch, PretrainCorpus, StreamRequest } from '../train-context.js';
import { drawSuccessor, LANGUAGE, toyLanguage } from './toy-language.js';

/** Sequences of the validation split. The training split never ends: every sequence is new. */
const VALIDATION_SEQUENCES = 4096;

/** Random streams of one seed, told apart by the second word of their key. */
const STREAM = { train: 0x7472, validation: 0x7661 } as const;
const UNIT = 2 ** -32;

/**
 * Sentences of the toy language (toy-language.ts), made as they are read.
 *
 * Sequence i of a split depends on (language seed, stream seed, split, i) alone; the validation split does not depend on the
 * stream's seed, so that every run is measured on the same sentences. A sequence has `sequenceLength` tokens and no padding.
 * Its first word and topic are uniform; then, for each next word, the topic changes with probability `switching` to one of
 * the others, and the word is drawn from its predecessor's successors in the topic. Exactly M = round(probability x length)
 * positions are selected, without replacement, each becoming [MASK] (token 0), whatever else `masking` would allow.
 */
export class ToyCorpus implements PretrainCorpus {
  readonly vocabularySize = LANGUAGE.vocabulary;
  readonly tokenizerJson = '';
  readonly digest: string;
  private readonly successors: Int32Array;

  /** @param seed of the language: its chains */
  constructor(private readonly seed = 1) {
    this.successors = toyLanguage(seed);
    this.digest = sha256(JSON.stringify({ ...LANGUAGE, seed }));
  }

  sequences(split: 'train' | 'validation'): number {
    return split === 'train' ? Infinity : VALIDATION_SEQUENCES;
  }

  selections(masking: Masking, sequenceLength: number): number {
    return Math.round(masking.probability * sequenceLength);
  }

  async *stream(request: StreamRequest): AsyncGenerator<PretrainBatch, void, undefined> {
    for (let samples = request.samples; ; samples += request.batchSize)
      yield await Promise.resolve(this.batch(request, samples));
  }

  /** The batch that begins at a sequence. */
  private batch(request: StreamRequest, first: number): PretrainBatch {
    const { split, masking, batchSize: rows, sequenceLength: length } = request;
    const count = this.selections(masking, length);
    const key = threefry([this.seed, STREAM[split]], [split === 'train' ? request.seed : 0, 0]);
    const batch: PretrainBatch = {
      tokens: new Int32Array(rows * length),
      masked: new Int32Array(rows * length),
      length: new Int32Array(rows).fill(length),
      positions: new Int32Array(rows * count),
      weights: new Float32Array(rows * count).fill(1),
      slot: new Int32Array(rows * length).fill(-1),
      samples: first + rows,
      epoch: 0,
      sampleIds: Array.from({ length: rows }, (_, row) => (first + row) % this.sequences(split)),
    };
    for (let row = 0; row < rows; row++) {
      const id = batch.sampleIds[row]!;
      this.sentence(key, id, batch.tokens.subarray(row * length, (row + 1) * length));
      select(key, id, batch.positions.subarray(row * count, (row + 1) * count), length);
    }
    batch.masked.set(batch.tokens);
    batch.positions.forEach((position, slot) => {
      const at = Math.floor(slot / count) * length + position;
      batch.masked[at] = LANGUAGE.mask;
      batch.slot[at] = slot;
    });
    return batch;
  }

  private sentence(key: Key, id: number, out: Int32Array): void {
    const { topics, words, switching } = LANGUAGE;
    const [t, w] = draw(key, id, 0);
    let topic = Math.floor(t * topics);
    out[0] = 1 + Math.floor(w * words);
    for (let i = 1; i < out.length; i++) {
      const [change, next] = draw(key, id, i);
      // Below `switching`, the same uniform also says to which of the other topics.
      if (change < switching) topic = (topic + 1 + Math.floor((change / switching) * (topics - 1))) % topics;
      out[i] = drawSuccessor(this.successors, topic, out[i - 1]!, next);
    }
  }
}

/** Two uniform floats in [0, 1): draw n of a sequence. */
function draw(key: Key, id: number, n: number): [number, number] {
  const [x, y] = threefry(key, [id, n]);
  return [(x >>> 0) * UNIT, (y >>> 0) * UNIT];
}

/** Distinct positions in ascending order: the first of a shuffle (Fisher and Yates). */
function select(key: Key, id: number, out: Int32Array, length: number): void {
  const order = Array.from({ length }, (_, i) => i);
  for (let i = 0; i < out.length; i++) {
    const j = i + Math.floor(draw(key, id, length + i)[0] * (length - i));
    [order[i], order[j]] = [order[j]!, order[i]!];
    out[i] = order[i]!;
  }
  out.sort();
}
