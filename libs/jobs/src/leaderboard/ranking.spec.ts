import { describe, expect, it } from '@jest/globals';
import { Leaderboard } from '@orestes/contracts';
import { toCsv } from './csv.js';
import { toLatex } from './latex.js';
import { toMarkdown } from './markdown.js';
import { published } from './published.js';
import { GLUE_TASKS, ranking, statistics, type RankedJob, type RankedResult } from './ranking.js';

const A = 'a'.repeat(64);
const B = 'b'.repeat(64);
const id = (n: number) => `00000000-0000-7000-8000-${String(n).padStart(12, '0')}`;
let n = 0;
const run = (change: Partial<RankedResult>): RankedResult => ({
  ...{ job: id(n++), base: A, weights: 'pretrained', task: 'mine', metric: 'accuracy', value: 0.5, seed: 1 },
  ...{ experiment: 'e', deviceHours: 0.5 },
  ...change,
});
const base = (recipeHash: string, name: string): RankedJob => ({
  ...{ recipeHash, name, job: id(900), tokens: 1e6, flops: 2e12, corpus: A, checkpoint: '/c', deviceHours: 2 },
});

describe('statistics', () => {
  // By hand: mean .45; squares .0625 + .1225 + .0025 + .0225 = .21, / 3 = .07, root .264575.
  it('gives mean, sample deviation, median and best', () => {
    expect(statistics([0.2, 0.8, 0.5, 0.3])).toEqual({
      n: 4,
      mean: 0.45,
      std: expect.closeTo(0.264575, 6) as unknown,
      median: 0.4,
      best: 0.8,
    });
  });
  it('knows no deviation of one run', () => {
    expect(statistics([0.5])).toMatchObject({ n: 1, std: null, median: 0.5 });
  });
});

describe('ranking', () => {
  it('has a row for each recipe and kind of weights, best first', () => {
    const board = ranking(
      'all',
      [run({ value: 0.4 }), run({ weights: 'random', value: 0.3 }), run({ base: B, value: 0.6 })],
      [base(A, 'one'), base(B, 'two')],
    );
    expect(board.rows.map(({ name, weights }) => [name, weights])).toEqual([
      ['two', 'pretrained'],
      ['one', 'pretrained'],
      ['one', 'random'],
    ]);
    expect(board.rows[1]).toMatchObject({
      tokens: 1e6,
      flops: 2e12,
      deviceHours: 2.5,
      lineage: { corpus: A, checkpoint: '/c' },
    });
    expect(board.rows[2]).toMatchObject({ tokens: 0, flops: 0, deviceHours: 0.5 });
    expect(Leaderboard.safeParse(board).success).toBe(true);
  });

  it('takes the setting with the best median, and each seed once', () => {
    const runs = [
      ...[0.1, 0.9].map((value, i) => run({ experiment: 'wild', value, seed: i })),
      ...[0.6, 0.7].map((value, i) => run({ experiment: 'good', value, seed: i })),
      run({ experiment: 'good', value: 0.7, seed: 1 }),
    ];
    const [score] = ranking('all', runs, []).rows[0]!.scores;
    expect(score).toMatchObject({ n: 2, median: expect.closeTo(0.65, 12) as unknown, best: 0.7, configurations: 2 });
  });

  it('averages the eight tasks of GLUE, without WNLI, where all are there', () => {
    const runs = GLUE_TASKS.map((task, i) => run({ task, value: i / 10 }));
    const [row] = ranking('glue', [...runs, run({ task: 'wnli', value: 1 })], []).rows;
    expect(row!.average).toEqual({
      mean: expect.closeTo(0.35, 12) as unknown,
      median: expect.closeTo(0.35, 12) as unknown,
      best: expect.closeTo(0.35, 12) as unknown,
    });
    expect(row!.scores.map(({ task }) => task)).toEqual(GLUE_TASKS);
    expect(ranking('glue', runs.slice(1), []).rows[0]!.average).toBeNull();
  });

  it('is empty where nothing was measured', () => {
    expect(ranking('glue', [], [])).toEqual({ suite: 'glue', tasks: GLUE_TASKS, rows: [] });
  });
});

describe('published rows', () => {
  const rows = published('glue');
  it('are those of Table 1, and their averages are near the means of their tasks', () => {
    expect(rows).toHaveLength(19);
    const whole = rows.filter(({ scores, average }) => average && scores.length === 8);
    expect(whole).toHaveLength(15);
    for (const { scores, average } of whole)
      expect(Math.abs(average!.mean - scores.reduce((sum, s) => sum + s.mean, 0) / 8)).toBeLessThan(0.0011);
  });
  it('stand for GLUE alone', () => expect(published('all')).toEqual([]));
});

describe('tables', () => {
  const board = {
    ...ranking(
      'glue',
      [
        run({ task: 'cola', metric: 'matthews', value: 0.5, seed: 1 }),
        run({ task: 'cola', metric: 'matthews', value: 0.6, seed: 2 }),
      ],
      [base(A, 'a_b')],
    ),
  };
  const whole = { ...board, rows: [...board.rows, ...published('glue')] };

  it('CSV: one line a score, at full precision', () => {
    const lines = toCsv(whole).trimEnd().split('\r\n');
    expect(lines[1]).toBe(
      `measured,a_b,pretrained,${A},cola,matthews,2,0.55,0.07071067811865474,0.55,0.6,1,1000000,2000000000000,3,`,
    );
    expect(lines.every((line) => line.split(',').length >= 16)).toBe(true);
  });
  it('CSV: no cell is a formula', () => {
    const evil = { ...board, rows: [{ ...board.rows[0]!, name: '=1+1,"x"' }] };
    expect(toCsv(evil)).toContain(`"'=1+1,""x"""`);
  });
  it('LaTeX: what is special is escaped, published rows stand below a rule', () => {
    const text = toLatex(whole);
    expect(text).toContain('a\\_b & - & - & - & - & 55.0 $\\pm$ 7.1 (2)');
    expect(text.indexOf('a\\_b')).toBeLessThan(text.indexOf('Published'));
    expect(text.match(/\\\\$/gm)).toHaveLength(1 + 2 + 1 + 19);
  });
  it('Markdown: two tables', () => {
    const text = toMarkdown(whole);
    expect(text).toMatch(/\| a_b +\| - .*55\.0 ± 7\.1 \(2\)/);
    expect(text.split('## Published')[1]).toContain('DecoupledOptim');
  });
});
