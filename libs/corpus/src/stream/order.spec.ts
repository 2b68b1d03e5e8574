import { describe, expect, it } from '@jest/globals';
import { SampleOrder } from './order.js';
import { KeyedRandom } from './random.js';

const SIZES = [7, 5, 1, 9, 0, 12, 3].map((samples) => ({ samples, bytes: 100 * samples }));
const TOTAL = 37;

/** All sample ids of an epoch, found place by place. */
function epochOf(order: SampleOrder, epoch: number): number[] {
  return Array.from({ length: order.samples }, (_, place) => {
    const block = order.blockAt(epoch * order.samples + place);
    expect(block.epoch).toBe(epoch);
    return order.samplesOf(block)[place - block.start]!;
  });
}

/** The same, block by block. */
const inBlocks = (order: SampleOrder, epoch: number) =>
  order.blocksOf(epoch).flatMap((block) => [...order.samplesOf(block)]);

const sorted = (ids: number[]) => [...ids].sort((a, b) => a - b);
const all = Array.from({ length: TOTAL }, (_, i) => i);

describe('SampleOrder', () => {
  it.each([1, 1000, 1500, 1 << 20])('has every sample once in an epoch, blocks of %d bytes', (blockBytes) => {
    const order = new SampleOrder(SIZES, 3, blockBytes);
    expect(order.samples).toBe(TOTAL);
    for (let epoch = 0; epoch < 4; epoch++) {
      expect(sorted(epochOf(order, epoch))).toEqual(all);
      expect(inBlocks(order, epoch)).toEqual(epochOf(order, epoch));
    }
  });

  it('is a function of seed and epoch', () => {
    const order = new SampleOrder(SIZES, 3, 1500);
    const epochs = [0, 1, 2].map((epoch) => epochOf(order, epoch));
    expect([2, 0, 1].map((epoch) => epochOf(order, epoch))).toEqual([epochs[2], epochs[0], epochs[1]]);
    expect(epochOf(new SampleOrder(SIZES, 3, 1500), 1)).toEqual(epochs[1]);
    expect(epochOf(new SampleOrder(SIZES, 4, 1500), 1)).not.toEqual(epochs[1]);
    expect(new Set(epochs.map((ids) => ids.join())).size).toBe(3);
  });

  it('keeps few shards together', () => {
    const order = new SampleOrder(SIZES, 3, 1500);
    const blocks = order.blocksOf(5);
    expect(blocks.length).toBeGreaterThan(2);
    for (const { shards } of blocks)
      if (shards.length > 1)
        expect(shards.reduce((sum, shard) => sum + SIZES[shard]!.bytes, 0)).toBeLessThanOrEqual(1500);
  });

  it('mixes evenly: every sample comes at every place', () => {
    const order = new SampleOrder(SIZES, 11, 1 << 20);
    const seen = all.map(() => new Set<number>());
    for (let epoch = 0; epoch < 400; epoch++) inBlocks(order, epoch).forEach((id, place) => seen[place]!.add(id));
    for (const ids of seen) expect(ids.size).toBe(TOTAL);
  });
});

describe('KeyedRandom', () => {
  it('gives other numbers for other keys, the same for the same', () => {
    const random = new KeyedRandom();
    const first = (...key: [number, number, number, number]) => random.key(...key).next();
    const keys: [number, number, number, number][] = [];
    for (let i = 0; i < 4; i++)
      for (let bit = 0; bit < 32; bit++)
        keys.push([0, 0, 0, 0].map((_, j) => (j === i ? 2 ** bit : 0)) as (typeof keys)[0]);
    expect(new Set(keys.map((key) => first(...key))).size).toBe(keys.length);
    for (const key of keys) expect(first(...key)).toBe(new KeyedRandom().key(...key).next());
  });

  it('is uniform', () => {
    const random = new KeyedRandom();
    const bins = new Array<number>(16).fill(0);
    let sum = 0;
    for (let id = 0; id < 16_000; id++) {
      random.key(1, 0, id, 0);
      bins[random.below(16)]!++;
      sum += random.uniform();
    }
    for (const seen of bins) expect(Math.abs(seen - 1000)).toBeLessThan(5 * Math.sqrt(1000));
    expect(Math.abs(sum / 16_000 - 0.5)).toBeLessThan(5 / Math.sqrt(12 * 16_000));
  });
});
