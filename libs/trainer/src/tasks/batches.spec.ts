import { describe, expect, it } from '@jest/globals';
import { batchArrays, evaluationBatches, paddedLength, trainBatches } from './batches.js';

const lengths = Array.from({ length: 1003 }, (_, i) => 3 + ((i * 37) % 90));
const options = { batchSize: 8, maxLength: 64, seed: 5, epoch: 1 };
const capped = lengths.map((n) => Math.min(n, 64));

describe('batches', () => {
  it.each([
    [3, 64, 16],
    [16, 64, 16],
    [17, 64, 32],
    [33, 50, 50],
    [9, 12, 12],
    [300, 512, 512],
  ])('%i tokens under %i are padded to %i', (tokens, maxLength, padded) => {
    expect(paddedLength(tokens, maxLength)).toBe(padded);
  });

  it('hold every example once, and one batch alone is not full', () => {
    const batches = trainBatches(capped, options);
    const all = batches.flatMap((b) => b.examples).sort((a, b) => a - b);
    expect(all).toEqual(capped.map((_, i) => i));
    expect(batches.filter((b) => b.examples.length < 8)).toHaveLength(1);
    for (const b of batches) expect(Math.max(...b.examples.map((i) => capped[i]!))).toBeLessThanOrEqual(b.length);
  });

  it('depend on seed and epoch alone', () => {
    const first = trainBatches(capped, options);
    expect(trainBatches(capped, options)).toEqual(first);
    expect(trainBatches(capped, { ...options, epoch: 2 })).not.toEqual(first);
    expect(trainBatches(capped, { ...options, seed: 6 })).not.toEqual(first);
  });

  it('pad little', () => {
    const used = capped.reduce((a, b) => a + b);
    const held = trainBatches(capped, options).reduce((sum, b) => sum + 8 * b.length, 0);
    expect(held / used).toBeLessThan(1.35);
  });

  it('are in order of length for evaluation', () => {
    const batches = evaluationBatches(capped, 8, 64);
    const seen = batches.flatMap((b) => b.examples).map((i) => capped[i]!);
    expect(seen).toEqual([...capped].sort((a, b) => a - b));
  });

  it('give rows past the last example no weight', () => {
    const examples = [{ tokens: Int32Array.of(2, 7, 3), target: 1 }];
    const arrays = batchArrays(examples, { length: 4, examples: [0] }, { batchSize: 2, padding: 9, scores: false });
    expect(arrays).toEqual({
      tokens: Int32Array.of(2, 7, 3, 9, 9, 9, 9, 9),
      length: Int32Array.of(3, 1),
      target: Int32Array.of(1, 0),
      weight: Float32Array.of(1, 0),
    });
  });
});
