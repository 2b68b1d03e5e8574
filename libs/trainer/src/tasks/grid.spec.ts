import { describe, expect, it } from '@jest/globals';
import { finetuneGrid } from './grid.js';

describe('finetuneGrid', () => {
  it.each(['base', 'large'] as const)('has the 360 different points of the paper for %s', (size) => {
    expect(new Set(finetuneGrid(size).map((point) => JSON.stringify(point))).size).toBe(360);
  });
});
