import type { Masking } from '@orestes/contracts';
import { KeyedRandom, USES } from './random.js';

/**
 * Selections that a sequence can have at most (M): the count below, with every token of S maskable.
 * @param sequenceLength S, in tokens
 */
export const maxSelections = (sequenceLength: number, probability: number): number =>
  Math.min(sequenceLength, Math.ceil(probability * sequenceLength));

/** Where the masker writes: the arrays of a batch of B sequences of S tokens, M selections each. */
export interface MaskedRows {
  /** [B*S] */
  tokens: Int32Array;
  /** [B*S]: as `tokens` on entry. */
  masked: Int32Array;
  /** [B*M]: places within their sequence; 0 on entry. */
  positions: Int32Array;
  /** [B*M]: 0 on entry. */
  weights: Float32Array;
  /** [B*S]: -1 on entry. */
  slot: Int32Array;
}

/** Which ids there are, and which of them are special: never selected, never put in for another. */
export interface MaskVocabulary {
  size: number;
  mask: number;
  /** Ascending. */
  specialIds: readonly number[];
}

/**
 * Chooses and replaces tokens as fairseq does: int(p * n + u) of the n maskable tokens, u uniform in [0, 1), without
 * replacement; of the chosen ones the shares `mask`, `random` and `keep` become [MASK], another token, or stay. What is
 * chosen depends on (seed, epoch, sample id) alone.
 */
export class Masker {
  private readonly random = new KeyedRandom();
  /** Places in a sequence that may be chosen. */
  private readonly candidates: Int32Array;
  private readonly isSpecial: Uint8Array;
  private readonly special: Int32Array;
  private readonly selections: number;

  constructor(
    private readonly masking: Masking,
    private readonly vocabulary: MaskVocabulary,
    private readonly sequenceLength: number,
    private readonly seed: number,
  ) {
    this.candidates = new Int32Array(sequenceLength);
    this.isSpecial = new Uint8Array(vocabulary.size);
    for (const id of vocabulary.specialIds) this.isSpecial[id] = 1;
    this.special = Int32Array.from(vocabulary.specialIds);
    this.selections = maxSelections(sequenceLength, masking.probability);
  }

  /**
   * Masks one row in place.
   * @param length tokens of the row
   * @returns how many were chosen
   */
  maskRow(rows: MaskedRows, row: number, length: number, epoch: number, sampleId: number): number {
    const { random, candidates, isSpecial, masking, selections } = this;
    const { tokens, masked, positions, weights, slot } = rows;
    const base = row * this.sequenceLength;
    const firstSlot = row * selections;
    let n = 0;
    for (let i = 0; i < length; i++) {
      candidates[n] = i;
      n += 1 - isSpecial[tokens[base + i]!]!;
    }
    random.key(this.seed, epoch, sampleId, USES.masks);
    const count = Math.min(n, selections, Math.floor(masking.probability * n + random.uniform()));
    const randomBelow = masking.mask + masking.random;
    for (let m = 0; m < count; m++) {
      const pick = m + random.below(n - m);
      const position = candidates[pick]!;
      candidates[pick] = candidates[m]!;
      positions[firstSlot + m] = position;
      weights[firstSlot + m] = 1;
      slot[base + position] = firstSlot + m;
      const u = random.uniform();
      if (u < masking.mask) masked[base + position] = this.vocabulary.mask;
      else if (u < randomBelow) masked[base + position] = this.ordinaryToken();
    }
    return count;
  }

  /** Uniform over the ids that are not special. */
  private ordinaryToken(): number {
    const { special } = this;
    let id = this.random.below(this.vocabulary.size - special.length);
    for (let i = 0; i < special.length && special[i]! <= id; i++) id++;
    return id;
  }
}
