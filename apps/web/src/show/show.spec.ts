import { describe, expect, it } from '@jest/globals';
import { compact, hundredths, measure, percent } from './numbers.js';
import { age, duration } from './times.js';

const START = '2026-01-01T00:00:00Z';

describe('numbers', () => {
  it.each([
    [0, '0'],
    [999, '999'],
    [1234, '1.23k'],
    [999_999, '1M'],
    [1_234_567, '1.23M'],
    [-1500, '-1.5k'],
    [3.2e21, '3.2Z'],
  ])('compact %d', (value, text) => expect(compact(value)).toBe(text));

  it.each([
    [null, '–'],
    [0, '0'],
    [2e-4, '2.00e-4'],
    [0.5, '0.5000'],
    [6.4857, '6.486'],
    [22806.19, '22.8k'],
  ])('measure %p', (value, text) => expect(measure(value)).toBe(text));

  it('takes units, fractions and shares', () => {
    expect(compact(1.37e9, 'FLOP')).toBe('1.37 GFLOP');
    expect(hundredths(0.8434)).toBe('84.3');
    // Never 100% before the end.
    expect(percent(0.999)).toBe('99%');
  });
});

describe('times', () => {
  it.each([
    [0, '0 s'],
    [59.6, '1 min'],
    [90, '1 min 30 s'],
    [1800, '30 min'],
    [7500, '2 h 05 min'],
    [273_600, '3 d 4 h'],
  ])('duration of %d s', (seconds, text) => expect(duration(seconds)).toBe(text));

  it.each([
    [5, '5 s'],
    [3599, '59 min'],
    [7200, '2 h'],
    [200_000, '2 d'],
    [-3, '0 s'],
  ])('age after %d s', (seconds, text) => expect(age(START, Date.parse(START) + seconds * 1000)).toBe(text));
});
