import { describe, expect, it } from '@jest/globals';
import { TokenBucket } from './rate-limit.js';

const QPS = 20; // one in 50 ms
const AT_ONCE_MS = 40;

describe(`a bucket of 5 with ${QPS} a second`, () => {
  it('lets 5 go at once, and 10 more in 500 ms, in order', async () => {
    const bucket = new TokenBucket({ qps: QPS, burst: 5 });
    const begun = performance.now();
    const went: { turn: number; at: number }[] = [];
    const takes = Array.from({ length: 15 }, async (_, turn) => {
      await bucket.take();
      went.push({ turn, at: performance.now() - begun });
    });
    await Promise.all(takes);
    expect(went.map(({ turn }) => turn)).toEqual(takes.map((_, turn) => turn));
    expect(went[4]!.at).toBeLessThan(AT_ONCE_MS);
    expect(went[14]!.at).toBeGreaterThan(490);
  });

  it('is full again after a pause, and no fuller', async () => {
    let now = 0;
    const bucket = new TokenBucket({ qps: QPS, burst: 5 }, { now: () => now, after: () => () => undefined });
    const five = async () => {
      for (let i = 0; i < 5; i++) await bucket.take();
    };
    await five();
    now += 60_000;
    const begun = performance.now();
    await five();
    expect(performance.now() - begun).toBeLessThan(AT_ONCE_MS);
    await bucket.take();
    expect(performance.now() - begun).toBeGreaterThan(AT_ONCE_MS);
  });

  it('lets those go who give up', async () => {
    const bucket = new TokenBucket({ qps: 1, burst: 1 });
    await bucket.take();
    await expect(bucket.take(AbortSignal.timeout(20))).rejects.toThrow('timeout');
  });
});
