import { describe, expect, it } from '@jest/globals';
import { learningRate } from './schedule.js';

describe('learningRate', () => {
  it.each([
    // [peak, warm-up, total, update, rate]
    [2e-4, 10_000, 125_000, 1, 2e-8],
    [2e-4, 10_000, 125_000, 5_000, 1e-4],
    [2e-4, 10_000, 125_000, 10_000, 2e-4],
    [2e-4, 10_000, 125_000, 67_500, 1e-4],
    [2e-4, 10_000, 125_000, 125_000, 0],
    [1, 0, 10, 1, 0.9],
    [1, 0, 10, 10, 0],
    [1, 10, 10, 10, 1],
  ])('peak %f, warm-up %i of %i, update %i: %f', (peak, warmupSteps, maxSteps, t, rate) => {
    expect(learningRate(peak, { warmupSteps, maxSteps }, t)).toBeCloseTo(rate, 12);
  });
});
