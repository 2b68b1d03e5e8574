import { describe, expect, it } from '@jest/globals';
import type { PretrainBatch, StreamRequest } from '../train-context.js';
import { ToyCorpus } from './toy-corpus.js';
import { LANGUAGE, toyLanguage } from './toy-language.js';
import { SEQUENCE_LENGTH } from './toy-models.js';

const masking = { probability: 4 / SEQUENCE_LENGTH, mask: 1, random: 0, keep: 0 };
const train: StreamRequest = { split: 'train', seed: 1, masking, batchSize: 64, sequenceLength: 24, samples: 0 };

async function batches(count: number, changes: Partial<StreamRequest> = {}, corpus = new ToyCorpus()) {
  const all: PretrainBatch[] = [];
  for await (const batch of corpus.stream({ ...train, ...changes })) if (all.push(batch) === count) break;
  return all;
}

/** Rows of a batch: int32 [B, S] to B arrays. */
const rowsOf = (values: ArrayLike<number>, width: number) =>
  Array.from({ length: values.length / width }, (_, r) => Array.from(values).slice(r * width, (r + 1) * width));

describe('the toy language', () => {
  it('gives each word distinct successors in each topic, none of them [MASK]', () => {
    const rows = rowsOf(toyLanguage(1), LANGUAGE.successors.length);
    expect(rows).toHaveLength(LANGUAGE.topics * LANGUAGE.vocabulary);
    rows.forEach((row, i) => {
      if (i % LANGUAGE.vocabulary === LANGUAGE.mask) return expect(new Set(row)).toEqual(new Set([0]));
      expect(new Set(row).size).toBe(LANGUAGE.successors.length);
      for (const word of row) expect(word).toBeGreaterThan(LANGUAGE.mask);
    });
  });

  it('is a function of its seed', () => {
    expect(toyLanguage(1)).toEqual(toyLanguage(1));
    expect(toyLanguage(1)).not.toEqual(toyLanguage(2));
  });
});

describe('ToyCorpus', () => {
  it('masks exactly 4 positions a sequence, each once, and nothing else', async () => {
    const [batch] = await batches(1);
    const { tokens, masked, positions, slot, weights } = batch!;
    rowsOf(positions, 4).forEach((row, r) => {
      expect(row).toEqual([...new Set(row)].sort((a, b) => a - b));
      const slots = rowsOf(slot, 24)[r]!;
      expect(slots.flatMap((s, i) => (s >= 0 ? [[i, s]] : []))).toEqual(row.map((p, m) => [p, r * 4 + m]));
      rowsOf(masked, 24)[r]!.forEach((token, i) => {
        expect(token).toBe(row.includes(i) ? LANGUAGE.mask : tokens[r * 24 + i]);
      });
    });
    expect(new Set(weights)).toEqual(new Set([1]));
    expect(Math.min(...tokens)).toBeGreaterThan(LANGUAGE.mask);
    expect(Math.max(...tokens)).toBeLessThan(LANGUAGE.vocabulary);
  });

  it('selects every position equally often', async () => {
    const counts = new Array<number>(24).fill(0);
    for (const { positions } of await batches(60)) positions.forEach((p) => counts[p]!++);
    // 3840 sequences, probability 1/6: mean 640, standard deviation 23.
    for (const count of counts) expect(Math.abs(count - 640)).toBeLessThan(5 * 23);
  });

  it('draws successors and topic changes with the probabilities that the language names', async () => {
    const chains = toyLanguage(1);
    const { topics, vocabulary, successors, switching } = LANGUAGE;
    const successor = (topic: number, word: number) => {
      const row = (topic * vocabulary + word) * successors.length;
      return Array.from(chains.subarray(row, row + successors.length));
    };
    const ranks = successors.map(() => 0);
    let [clear, changed, followed] = [0, 0, 0];
    for (const { tokens } of await batches(60))
      for (const sentence of rowsOf(tokens, 24)) {
        let before: number | null = null;
        for (let i = 1; i < 24; i++) {
          const where = Array.from({ length: topics }, (_, t) => successor(t, sentence[i - 1]!).indexOf(sentence[i]!));
          const possible = where.flatMap((rank, topic) => (rank >= 0 ? [topic] : []));
          expect(possible).not.toHaveLength(0);
          // Most pairs of words are of one topic alone, and tell it.
          const topic = possible.length === 1 ? possible[0]! : null;
          if (topic !== null) ranks[where[topic]!]!++;
          if (topic !== null) clear++;
          if (topic !== null && before !== null) followed++;
          if (topic !== null && before !== null && topic !== before) changed++;
          before = topic;
        }
      }
    successors.forEach((p, rank) => expect(Math.abs(ranks[rank]! / clear - p)).toBeLessThan(0.02));
    expect(Math.abs(changed / followed - switching)).toBeLessThan(0.01);
  });

  it('gives sequence i the same content wherever a stream starts and however large its batches are', async () => {
    const whole = (await batches(4)).flatMap(({ tokens, positions }) => [rowsOf(tokens, 24), rowsOf(positions, 4)]);
    const later = (await batches(2, { samples: 128 })).flatMap(({ tokens, positions }) => [
      rowsOf(tokens, 24),
      rowsOf(positions, 4),
    ]);
    expect(later).toEqual(whole.slice(4));
    const small = await batches(8, { batchSize: 32 });
    expect(small.flatMap(({ tokens }) => rowsOf(tokens, 24))).toEqual(whole.filter((_, i) => i % 2 === 0).flat());
  });

  it.each([
    { name: 'another seed gives other training sequences', changes: { seed: 2 }, same: false },
    { name: 'the same seed gives the same', changes: {}, same: true },
  ])('$name', async ({ changes, same }) => {
    const [a, b] = [await batches(1), await batches(1, changes)];
    if (same) expect(a).toEqual(b);
    else expect(a[0]!.tokens).not.toEqual(b[0]!.tokens);
  });

  it('has one validation split, whatever the seed, apart from the training sequences', async () => {
    const [a] = await batches(1, { split: 'validation', seed: 1 });
    const [b] = await batches(1, { split: 'validation', seed: 2 });
    expect(a).toEqual(b);
    expect(a!.tokens).not.toEqual((await batches(1, { seed: 0 }))[0]!.tokens);
  });

  it('has a digest that names its language', () => {
    expect(new ToyCorpus(1).digest).toBe(new ToyCorpus(1).digest);
    expect(new ToyCorpus(1).digest).not.toBe(new ToyCorpus(2).digest);
  });
});
