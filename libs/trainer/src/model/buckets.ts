import type { RelativeBias } from '@orestes/contracts';

/** Maps a relative position (key - query) to a bucket. */
type BucketOf = (relative: number, buckets: number, maxDistance: number) => number;

/**
 * Raffel et al. 2019, as Hugging Face computes it for a bidirectional encoder: half of the buckets for each direction, half of
 * those exact, the rest logarithmic, rounded down. Keys to the right take the upper half.
 */
const t5: BucketOf = (relative, buckets, maxDistance) => {
  const half = buckets >> 1;
  const exact = half >> 1;
  const n = Math.abs(relative);
  const side = relative > 0 ? half : 0;
  if (n < exact) return side + n;
  const log = (Math.log(n / exact) / Math.log(maxDistance / exact)) * (half - exact);
  return side + Math.min(half - 1, exact + Math.floor(log));
};

/** METRO (Bajaj et al. 2022): rounded up, over maxDistance - 1. Positive side in the upper half. */
const metro: BucketOf = (relative, buckets, maxDistance) => {
  const half = buckets >> 1;
  const exact = half >> 1;
  const n = Math.abs(relative);
  const side = relative > 0 ? half : 0;
  if (n < exact) return side + n;
  const log = (Math.log(n / exact) / Math.log((maxDistance - 1) / exact)) * (half - 1 - exact);
  return side + Math.min(half - 1, exact + Math.ceil(log));
};

const forms = { t5, metro } satisfies Record<RelativeBias['form'], BucketOf>;

/** Bucket of every pair (query i, key j), row-major [length, length]. */
export function relativeBuckets(config: RelativeBias, length: number): Int32Array {
  const bucketOf = forms[config.form];
  const offsets = Int32Array.from({ length: 2 * length - 1 }, (_, k) =>
    bucketOf(k - length + 1, config.buckets, config.maxDistance),
  );
  const out = new Int32Array(length * length);
  for (let i = 0; i < length; i++) out.set(offsets.subarray(length - 1 - i, 2 * length - 1 - i), i * length);
  return out;
}
