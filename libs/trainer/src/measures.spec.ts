import { describe, expect, it } from '@jest/globals';
import { threefry } from '@orestes/engine';
import { auroc, detection } from './measures.js';

/** The definition: how often a positive scores above a negative, ties counting half. */
function pairwise(scores: number[], labels: number[]): number {
  const of = (label: number) => scores.filter((_, i) => labels[i] === label);
  const pairs: number[] = of(1).flatMap((p) => of(0).map((n) => (p > n ? 1 : p === n ? 0.5 : 0)));
  return pairs.reduce((a, b) => a + b, 0) / pairs.length;
}

describe('auroc', () => {
  it.each([
    ['apart', [0, 0, 1, 1], [-2, -1, 1, 2], 1],
    ['the wrong way round', [1, 1, 0, 0], [-2, -1, 1, 2], 0],
    ['all ties', [1, 0, 1, 0], [5, 5, 5, 5], 0.5],
    ['one tie', [0, 1, 1, 0], [1, 1, 2, 0], 0.875],
    ['padding left out', [1, 0, -1, -1], [1, 0, -9, 9], 1],
  ])('%s', (_, labels, scores, expected) => expect(auroc(scores, labels)).toBe(expected));

  it.each([[[1, 1]], [[0, 0]], [[-1, 1]]])('is null without both classes: %j', (labels) => {
    expect(auroc([1, 2], labels)).toBeNull();
  });

  it('equals the count over all pairs', () => {
    const draw = (n: number, word: 0 | 1) => threefry([1, 2], [n, 0])[word] >>> 0;
    const scores = Array.from({ length: 200 }, (_, n) => (draw(n, 0) % 23) - 11);
    const labels = scores.map((s, n) => (draw(n, 1) % 20 > 8 - s / 3 ? 1 : 0));
    expect(auroc(scores, labels)).toBeCloseTo(pairwise(scores, labels), 12);
  });
});

describe('detection', () => {
  it('counts what a positive logit calls replaced', () => {
    //                     TP  TP FN  FP TN TN  padding
    const found = detection([2, 1, -1, 3, -2, 0, 7], [1, 1, 1, 0, 0, 0, -1]);
    expect(found).toEqual({ accuracy: 4 / 6, f1: 4 / 6, auroc: 5 / 9, tokens: 6, replaced: 0.5 });
  });

  it('is 0 in F1 when nothing is replaced and nothing is called so', () => {
    expect(detection([-1, -1], [0, 0])).toMatchObject({ accuracy: 1, f1: 0, auroc: null });
  });
});
