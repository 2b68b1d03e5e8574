import { beforeEach, describe, expect, it } from '@jest/globals';
import { Deferred } from './deferred.js';
import { FakeClock, turn } from './testing/clock.js';
import { WorkQueue } from './work-queue.js';

let clock: FakeClock;
let queue: WorkQueue;
let stop: AbortController;
beforeEach(() => {
  clock = new FakeClock();
  stop = new AbortController();
  queue = new WorkQueue({ clock, random: () => 1, backoff: { baseMs: 100, mostMs: 1000 } }); // 1: the whole delay
});

/** Takes note of each key with the time, and ends at once. */
function noting(concurrency = 1): [string, number][] {
  const seen: [string, number][] = [];
  void queue.run(
    (key) => {
      seen.push([key, clock.now()]);
      return Promise.resolve();
    },
    concurrency,
    stop.signal,
  );
  return seen;
}

/** Handlers that go on until they are let. */
function held(concurrency: number) {
  const begun: string[] = [];
  const ends = new Map<string, Deferred>();
  const run = queue.run(
    async (key) => {
      begun.push(key);
      ends.set(key, new Deferred());
      await ends.get(key)!.promise;
    },
    concurrency,
    stop.signal,
  );
  const end = async (key: string) => {
    ends.get(key)!.resolve();
    await turn();
  };
  return { begun, end, run };
}

describe('keys', () => {
  it('are worked on once however often they were queued, in the order of the first time', async () => {
    for (const key of ['a', 'b', 'a', 'c', 'b']) queue.add(key);
    expect(queue.depth).toBe(3);
    const seen = noting();
    await turn();
    expect(seen.map(([key]) => key)).toEqual(['a', 'b', 'c']);
    expect(queue.depth).toBe(0);
  });

  it('are never worked on twice at a time, and once more when added meanwhile', async () => {
    const { begun, end } = held(4);
    queue.add('a');
    queue.add('a');
    queue.add('a');
    queue.add('b');
    expect(begun).toEqual(['a', 'b']);
    expect(queue.depth).toBe(1);
    await end('a');
    expect(begun).toEqual(['a', 'b', 'a']);
    await end('a');
    expect(begun).toEqual(['a', 'b', 'a']);
  });

  it.each([1, 2, 5])('are worked on %d at a time', async (concurrency) => {
    const { begun, end } = held(concurrency);
    for (const key of 'abcdefg') queue.add(key);
    expect(begun).toHaveLength(concurrency);
    await end('a');
    expect(begun).toHaveLength(concurrency + 1);
  });

  it('are never two of the same under random adds, ends and failures, and none is lost', async () => {
    let seed = 7;
    const random = () => (seed = (seed * 16807) % 2147483647) / 2147483647;
    const active = new Set<string>();
    const served = new Map<string, number>();
    const wanted = new Map<string, number>();
    let version = 0;
    void queue.run(
      async (key) => {
        expect(active.has(key)).toBe(false);
        active.add(key);
        const seen = wanted.get(key)!;
        for (let i = random() * 3; i > 0; i--) await turn();
        active.delete(key);
        if (random() < 0.3) throw new Error('fails');
        served.set(key, seen);
      },
      3,
      stop.signal,
    );
    for (let i = 0; i < 500; i++) {
      const key = `k${Math.floor(random() * 10)}`;
      wanted.set(key, ++version);
      if (random() < 0.5) queue.add(key);
      else queue.addAfter(key, random() * 50);
      if (random() < 0.3) await clock.advance(10);
    }
    for (let i = 0; i < 100; i++) await clock.advance(200);
    expect(served).toEqual(wanted);
  });
});

describe('addAfter', () => {
  it.each<[string, number[], number[]]>([
    ['waits', [500], [500]],
    ['lets the earliest win when it comes first', [100, 500], [100]],
    ['lets the earliest win when it comes last', [500, 100], [100]],
    ['adds at once without a delay', [0], [0]],
  ])('%s', async (_, delays, times) => {
    const seen = noting();
    for (const ms of delays) queue.addAfter('a', ms);
    await clock.advance(2000);
    expect(seen.map(([, at]) => at)).toEqual(times);
  });

  it('is not lost by an add before it', async () => {
    const seen = noting();
    queue.addAfter('a', 300);
    queue.add('a');
    await clock.advance(1000);
    expect(seen).toEqual([
      ['a', 0],
      ['a', 300],
    ]);
  });
});

describe('failures', () => {
  it('are retried after 100, 200, 400, ... ms, at most 1000, until one succeeds', async () => {
    const times: number[] = [];
    const errors: string[] = [];
    let failing = 6;
    void queue.run(
      () => {
        times.push(clock.now());
        return failing-- > 0 ? Promise.reject(new Error('no')) : Promise.resolve();
      },
      1,
      stop.signal,
      (key, error) => errors.push(`${key}: ${String(error)}`),
    );
    queue.add('a');
    await clock.advance(10_000);
    expect(times).toEqual([0, 100, 300, 700, 1500, 2500, 3500]);
    expect(errors).toEqual(Array(6).fill('a: Error: no'));
    expect(queue.retries).toBe(6);
    failing = 1;
    queue.add('a');
    await clock.advance(10_000);
    expect(times.slice(7)).toEqual([10_000, 10_100]); // forgotten by the success
  });

  it('of one key hold up no other', async () => {
    const seen: string[] = [];
    void queue.run(
      (key) => {
        seen.push(`${key} ${clock.now()}`);
        return key === 'bad' ? Promise.reject(new Error('no')) : Promise.resolve();
      },
      1,
      stop.signal,
    );
    queue.add('bad');
    queue.add('good');
    await turn();
    expect(seen).toEqual(['bad 0', 'good 0']);
  });
});

describe('shutting down', () => {
  it('waits for what is under way, drops the rest and takes no more', async () => {
    const { begun, end, run } = held(1);
    queue.add('a');
    queue.add('b');
    queue.addAfter('c', 100);
    stop.abort();
    const ended = Promise.race([run.then(() => 'ended'), turn().then(() => 'not yet')]);
    expect(await ended).toBe('not yet');
    queue.add('d');
    await end('a');
    await run;
    await clock.advance(1000);
    expect(begun).toEqual(['a']);
    expect(queue.depth).toBe(0);
  });

  it('is done at once when nothing is under way', async () => {
    const { run } = held(1);
    await queue.shutDown();
    await run;
  });
});

it('says how many wait and since when', async () => {
  const { end } = held(1);
  expect([queue.depth, queue.oldestAgeMs]).toEqual([0, 0]);
  queue.add('a');
  await clock.advance(50);
  queue.add('a');
  await clock.advance(100);
  queue.add('b');
  await clock.advance(25);
  expect([queue.depth, queue.oldestAgeMs]).toEqual([2, 125]);
  await end('a');
});
