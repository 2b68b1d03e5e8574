import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { Slots } from './slots.js';

describe('Slots', () => {
  it.each([1, 3, 8])('lets %d tasks run at a time, in order, whether they fail or not', async (most) => {
    const slots = new Slots(most);
    const begun: number[] = [];
    let running = 0;
    let seen = 0;
    const task = async (i: number) => {
      begun.push(i);
      seen = Math.max(seen, ++running);
      await turn();
      running--;
      if (i % 3 === 0) throw new Error('fails');
      return i;
    };
    const all = Array.from({ length: 20 }, (_, i) => i);
    const ended = await Promise.allSettled(all.map((i) => slots.run(() => task(i))));
    expect(ended.map((end) => (end.status === 'fulfilled' ? end.value : null))).toEqual(
      all.map((i) => (i % 3 === 0 ? null : i)),
    );
    expect({ begun, seen }).toEqual({ begun: all, seen: most });
  });
});
