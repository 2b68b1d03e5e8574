import { afterEach, beforeEach, expect, it, jest } from '@jest/globals';
import { Stopwatch } from './stopwatch.js';

beforeEach(() => void jest.useFakeTimers());
afterEach(() => void jest.useRealTimers());

function step(watch: Stopwatch, ms: number): void {
  watch.start();
  jest.advanceTimersByTime(ms);
  watch.stop();
}

it('tells the time of steps from recent ones, and not from the first, which compiles', () => {
  const watch = new Stopwatch();
  expect([watch.secondsFor(10), watch.perSecond(10)]).toEqual([0, 0]);
  step(watch, 30_000);
  expect(watch.secondsFor(10)).toBe(300); // it knows no other yet
  step(watch, 100);
  expect([watch.secondsFor(10), watch.perSecond(5)]).toEqual([1, 50]);
  step(watch, 200);
  expect(watch.secondsFor(10)).toBeCloseTo(0.9 + 0.2, 9);
});
