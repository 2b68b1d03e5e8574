import { describe, expect, it } from '@jest/globals';
import { relativeBuckets } from './buckets.js';

/** Bucket of key `relative` positions from the query. */
function bucket(form: 't5' | 'metro', buckets: number, maxDistance: number, relative: number): number {
  const length = 300;
  const all = relativeBuckets({ form, buckets, maxDistance }, length);
  const query = relative < 0 ? length - 1 : 0;
  return all[query * length + query + relative]!;
}

describe('relativeBuckets', () => {
  // [form, buckets, max distance, first distance of the bucket, bucket]: worked out by hand from the formulas.
  it.each([
    ['t5', 32, 128, 0, 0],
    ['t5', 32, 128, 7, 7],
    ['t5', 32, 128, 8, 8],
    ['t5', 32, 128, 12, 9],
    ['t5', 32, 128, 16, 10],
    ['t5', 32, 128, 23, 11],
    ['t5', 32, 128, 32, 12],
    ['t5', 32, 128, 46, 13],
    ['t5', 32, 128, 64, 14],
    ['t5', 32, 128, 91, 15],
    ['metro', 32, 128, 7, 7],
    ['metro', 32, 128, 8, 8],
    ['metro', 32, 128, 9, 9],
    ['metro', 32, 128, 12, 10],
    ['metro', 32, 128, 18, 11],
    ['metro', 32, 128, 27, 12],
    ['metro', 32, 128, 39, 13],
    ['metro', 32, 128, 58, 14],
    ['metro', 32, 128, 86, 15],
    ['t5', 128, 256, 31, 31],
    ['t5', 128, 256, 32, 32],
    ['metro', 128, 256, 33, 33],
  ] as const)('%s %i/%i: bucket changes at distance %i to %i', (form, buckets, maxDistance, distance, expected) => {
    expect(bucket(form, buckets, maxDistance, -distance)).toBe(expected);
    expect(bucket(form, buckets, maxDistance, distance)).toBe(distance === 0 ? 0 : expected + buckets / 2);
    if (distance > 0) expect(bucket(form, buckets, maxDistance, 1 - distance)).toBe(expected - 1);
  });

  it.each(['t5', 'metro'] as const)('%s never leaves the table', (form) => {
    const all = relativeBuckets({ form, buckets: 32, maxDistance: 128 }, 400);
    expect(all.reduce((a, b) => Math.max(a, b))).toBe(31);
    expect(all.reduce((a, b) => Math.min(a, b))).toBe(0);
  });
});
