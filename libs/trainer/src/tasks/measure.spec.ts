import { describe, expect, it } from '@jest/globals';
import { measure, predictions, type Scored } from './measure.js';
import { predictionsTsv } from './predictions.js';

const examples = (...targets: number[]) => targets.map((target, i) => ({ line: i + 2, text: ['x'], target }));
const classes = { labels: ['no', 'y\tes'], shift: 0, scale: 1, metrics: ['accuracy', 'f1'] as const };
const scores = { labels: null, shift: 1, scale: 2, metrics: ['pearson'] as const };
const logits = (...rows: [number, number][]) => Float32Array.from(rows.flat());

describe('measure', () => {
  it('takes the largest logit for the class, and means over the examples', () => {
    const scored: Scored = { set: 'dev', examples: examples(0, 1, 1), outputs: logits([2, 0], [0, 1], [0, 0]) };
    const nll = (margin: number) => Math.log(1 + Math.exp(-margin));
    expect(measure({ ...classes }, [scored])).toEqual({
      accuracy: 2 / 3,
      f1: 2 / 3,
      loss: expect.closeTo((nll(2) + nll(1) + nll(0)) / 3, 12),
    });
  });

  it('gives scores in their own unit and the loss in the normalised one', () => {
    const scored: Scored = { set: 'dev', examples: examples(1, 3, 5), outputs: Float32Array.of(0, 1, 1) };
    expect([...predictions(scores, scored.outputs)]).toEqual([1, 3, 3]);
    expect(measure(scores, [scored])).toEqual({
      pearson: expect.closeTo(0.8660254, 6),
      loss: expect.closeTo(1 / 3, 12),
    });
  });

  it('means over the sets of a task that has several', () => {
    const sets: Scored[] = [
      { set: 'matched', examples: examples(1, 1), outputs: logits([0, 1], [0, 1]) },
      { set: 'mismatched', examples: examples(0), outputs: logits([0, 1]) },
    ];
    expect(measure({ ...classes, metrics: ['accuracy'] }, sets)).toMatchObject({
      accuracy: 0.5,
      accuracy_matched: 1,
      accuracy_mismatched: 0,
    });
  });

  it('keeps logits of any size finite', () => {
    const scored: Scored = { set: 'dev', examples: examples(0), outputs: logits([-1e30, 1e30]) };
    expect(measure(classes, [scored])['loss']).toBeGreaterThan(1e30);
  });
});

describe('predictionsTsv', () => {
  it('lists every row with the probability of each class', () => {
    const scored: Scored = { set: 'dev', examples: examples(0, 1), outputs: logits([0, 0], [0, Math.log(3)]) };
    expect(predictionsTsv(classes, [scored])).toBe(
      'set\tline\tactual\tpredicted\tp(no)\tp(y es)\n' +
        'dev\t2\tno\tno\t0.500000\t0.500000\n' +
        'dev\t3\ty es\ty es\t0.250000\t0.750000\n',
    );
  });

  it('lists scores', () => {
    const scored: Scored = { set: 'dev', examples: examples(3), outputs: Float32Array.of(0.5) };
    expect(predictionsTsv(scores, [scored])).toBe('set\tline\tactual\tpredicted\ndev\t2\t3\t2\n');
  });
});
