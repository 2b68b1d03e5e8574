import { describe, expect, it } from '@jest/globals';
import type { Masking } from '@orestes/contracts';
import { emptyBatch } from './batch.js';
import { Masker, maxSelections } from './masking.js';

const BERT: Masking = { probability: 0.15, mask: 0.8, random: 0.1, keep: 0.1 };
const VOCABULARY = { size: 200, mask: 4, specialIds: [0, 1, 2, 3, 4, 100, 199] };
const PAD = 0;

interface Row {
  tokens: number[];
  masked: number[];
  chosen: number[];
}

/** Masks one sequence of ordinary ids between [CLS] and [SEP], padded to `space`. */
function mask(
  length: number,
  masking: Masking,
  key: { seed?: number; epoch?: number; id?: number },
  space = length,
): Row {
  const { seed = 1, epoch = 0, id = 0 } = key;
  const batch = emptyBatch(1, space, masking.probability, PAD);
  for (let i = 0; i < length; i++) batch.tokens[i] = i === 0 ? 2 : i === length - 1 ? 3 : 5 + ((id + i) % 90);
  batch.masked.set(batch.tokens);
  const count = new Masker(masking, VOCABULARY, space, seed).maskRow(batch, 0, length, epoch, id);
  const chosen = [...batch.positions.subarray(0, count)];
  return { tokens: [...batch.tokens], masked: [...batch.masked], chosen };
}

describe('maxSelections', () => {
  it.each([
    [128, 0.15, 20],
    [512, 0.15, 77],
    [128, 0.25, 32],
    [8, 0.01, 1],
    [8, 0.99, 8],
  ])('S %d, p %d: %d', (sequenceLength, probability, expected) => {
    expect(maxSelections(sequenceLength, probability)).toBe(expected);
  });

  it('is never exceeded, and reached', () => {
    let most = 0;
    for (let id = 0; id < 200; id++)
      most = Math.max(most, mask(128, { ...BERT, probability: 0.159 }, { id }).chosen.length);
    // 126 maskable tokens: int(20.034 + u) is 21 in 3 % of the cases.
    expect(most).toBe(21);
    expect(maxSelections(128, 0.159)).toBe(21);
  });
});

describe('Masker', () => {
  it('depends on seed, epoch and sample, and on nothing else', () => {
    const reference = mask(128, BERT, { seed: 5, epoch: 2, id: 9 });
    expect(mask(128, BERT, { seed: 5, epoch: 2, id: 9 })).toEqual(reference);
    const masker = new Masker(BERT, VOCABULARY, 128, 5);
    const scratch = emptyBatch(1, 128, 0.15, PAD);
    for (let id = 0; id < 20; id++) masker.maskRow(scratch, 0, 128, 1, id);
    const batch = emptyBatch(1, 128, 0.15, PAD);
    batch.tokens.set(reference.tokens);
    batch.masked.set(reference.tokens);
    masker.maskRow(batch, 0, 128, 2, 9);
    expect([...batch.masked]).toEqual(reference.masked);
    for (const other of [
      { seed: 6, epoch: 2, id: 9 },
      { seed: 5, epoch: 3, id: 9 },
    ])
      expect(mask(128, BERT, other).chosen).not.toEqual(reference.chosen);
    expect(new Set(Array.from({ length: 50 }, (_, id) => mask(128, BERT, { id }).chosen.join())).size).toBe(50);
  });

  it('never chooses special tokens or padding, nor one place twice', () => {
    for (let id = 0; id < 300; id++) {
      const { tokens, chosen } = mask(40, { ...BERT, probability: 0.9 }, { id }, 64);
      expect(new Set(chosen).size).toBe(chosen.length);
      for (const position of chosen) expect(VOCABULARY.specialIds).not.toContain(tokens[position]);
      expect(chosen.length).toBeGreaterThan(30);
    }
  });

  it('records each choice once: place, weight and slot', () => {
    const masker = new Masker({ ...BERT, probability: 0.3 }, VOCABULARY, 32, 1);
    const wide = emptyBatch(3, 32, 0.3, PAD);
    wide.tokens.fill(50);
    const selections = maxSelections(32, 0.3);
    for (let row = 0; row < 3; row++) {
      const count = masker.maskRow(wide, row, 32, 0, row);
      const of = (array: Int32Array | Float32Array, width: number) => [
        ...array.subarray(row * width, (row + 1) * width),
      ];
      expect(of(wide.weights, selections)).toEqual(Array.from({ length: selections }, (_, m) => (m < count ? 1 : 0)));
      const slots = of(wide.slot, 32);
      expect(slots.filter((slot) => slot >= 0)).toHaveLength(count);
      for (let m = 0; m < count; m++) expect(slots[of(wide.positions, selections)[m]!]).toBe(row * selections + m);
    }
  });

  it.each([
    [0, 0],
    [2, 0],
    [3, 1],
  ])('copes with a row of %d tokens', (length, most) => {
    for (let id = 0; id < 50; id++) expect(mask(length, BERT, { id }, 8).chosen.length).toBeLessThanOrEqual(most);
  });

  it.each<[string, Masking]>([
    ['BERT', BERT],
    ['ELECTRA', { probability: 0.15, mask: 0.85, random: 0, keep: 0.15 }],
    ['all [MASK]', { probability: 0.4, mask: 1, random: 0, keep: 0 }],
    ['all random', { probability: 0.2, mask: 0, random: 1, keep: 0 }],
  ])('has the shares of %s', (_, masking) => {
    const rows = 4000;
    const length = 66;
    const count = { chosen: 0, mask: 0, changed: 0, keep: 0 };
    const perPlace = new Array<number>(length).fill(0);
    const perId = new Map<number, number>();
    let unchosenChanged = 0;
    const lengths = new Set<number>();
    for (let id = 0; id < rows; id++) {
      const { tokens, masked, chosen } = mask(length, masking, { id });
      lengths.add(chosen.length);
      count.chosen += chosen.length;
      const isChosen = new Set(chosen);
      tokens.forEach((token, i) => {
        if (!isChosen.has(i)) unchosenChanged += Number(masked[i] !== token);
        else if (masked[i] === VOCABULARY.mask) count.mask++;
        else if (masked[i] === token) count.keep++;
        else {
          count.changed++;
          perId.set(masked[i]!, (perId.get(masked[i]!) ?? 0) + 1);
        }
      });
      for (const position of chosen) perPlace[position]!++;
    }
    expect(unchosenChanged).toBe(0);
    const expected = masking.probability * 64;
    expect([...lengths].sort((a, b) => a - b)).toEqual([Math.floor(expected), Math.ceil(expected)]);
    const near = (seen: number, share: number, of: number) =>
      expect(Math.abs(seen - share * of)).toBeLessThanOrEqual(5 * Math.sqrt(of * share * (1 - share)) + 1);
    near(count.chosen, masking.probability, rows * 64);
    const ordinary = VOCABULARY.size - VOCABULARY.specialIds.length;
    const same = masking.random / ordinary;
    near(count.mask, masking.mask, count.chosen);
    near(count.changed, masking.random - same, count.chosen);
    near(count.keep, masking.keep + same, count.chosen);
    for (let i = 1; i <= 64; i++) near(perPlace[i]!, masking.probability, rows);
    for (const special of VOCABULARY.specialIds) expect(perId.has(special)).toBe(false);
    if (masking.random === 1) {
      expect(perId.size).toBe(ordinary);
      for (const seen of perId.values()) near(seen, 1 / ordinary, count.changed);
    }
  });
});
