import type { LeaderboardRow } from '@orestes/contracts';
import { GLUE_TASKS } from './ranking.js';

const BASE = 'Dong et al. 2023, Table 1, Base: GLUE development sets';
const LARGE = 'Dong et al. 2023, Table 1, Large: GLUE development sets';

/** Percent, as printed, in the order of GLUE_TASKS and then AVG; MNLI as matched and mismatched, null where none is given. */
type Row = readonly [string, mnli: readonly [number, number | null], ...rest: (number | null)[]];

const TABLE: readonly [string, readonly Row[]][] = [
  [
    BASE,
    [
      ['BERT', [84.5, null], 91.3, 91.7, 93.2, 58.9, 68.6, 87.3, 89.5, 83.1],
      ['RoBERTa', [85.8, 85.5], 91.3, 92.0, 93.7, 60.1, 68.2, 87.3, 88.5, 83.3],
      ['XLNet', [85.8, 85.4], null, null, 92.7, null, null, null, null, null],
      ['DeBERTa', [86.3, 86.2], null, null, null, null, null, null, null, null],
      ['TUPE', [86.2, 86.2], 91.3, 92.2, 93.3, 63.6, 73.6, 89.9, 89.2, 84.9],
      ['ELECTRA', [86.9, 86.7], 91.9, 92.6, 93.6, 66.2, 75.1, 88.2, 89.7, 85.5],
      ['MC-BERT', [85.7, 85.2], 89.7, 91.3, 92.3, 62.1, 75.0, 86.0, 88.0, 83.7],
      ['COCO-LM', [88.5, 88.3], 92.0, 93.1, 93.2, 63.9, 84.8, 91.4, 90.3, 87.2],
      ['AMOS', [88.9, 88.7], 92.3, 93.6, 94.2, 70.7, 86.6, 90.9, 91.6, 88.6],
      ['DeBERTaV3', [89.3, 89.0], null, null, null, null, null, null, null, null],
      ['METRO', [89.0, 88.8], 92.2, 93.4, 95.0, 70.6, 86.5, 91.2, 91.2, 88.6],
      ['METRO (reimplemented)', [89.0, 88.9], 92.0, 93.4, 94.4, 70.1, 86.3, 91.4, 91.2, 88.5],
      ['DecoupledOptim', [89.4, 89.7], 92.4, 93.6, 94.7, 70.6, 88.8, 92.2, 91.1, 89.1],
    ],
  ],
  [
    LARGE,
    [
      ['BERT', [86.6, null], null, null, null, null, null, null, null, null],
      ['RoBERTa', [89.0, null], 91.9, 93.9, 95.3, 66.3, 84.5, 90.2, 91.6, 87.8],
      ['XLNet', [88.4, null], 91.8, 93.9, 94.4, 65.2, 81.2, 90.0, 91.1, 87.0],
      ['TUPE', [88.2, 88.2], 91.7, 93.6, 95.0, 67.5, 81.7, 90.1, 90.7, 87.3],
      ['METRO (reimplemented)', [89.9, 90.2], 92.5, 94.5, 94.3, 69.7, 88.8, 91.9, 91.6, 89.2],
      ['DecoupledOptim', [90.5, 90.6], 92.4, 94.7, 96.1, 72.1, 88.4, 91.2, 92.2, 89.7],
    ],
  ],
];

const METRICS: Record<string, string> = { cola: 'matthews', stsb: 'spearman' };

/** Reference rows of a suite; only GLUE has any. */
export const published = (suite: 'glue' | 'all'): LeaderboardRow[] =>
  suite === 'glue' ? TABLE.flatMap(([reference, rows]) => rows.map((row) => publishedRow(reference, row))) : [];

function publishedRow(reference: string, [name, mnli, ...rest]: Row): LeaderboardRow {
  const [matched, mismatched] = mnli;
  const tasks = [mismatched === null ? matched : (matched + mismatched) / 2, ...rest];
  const average = tasks.at(GLUE_TASKS.length) ?? null;
  return {
    source: 'published',
    name,
    recipeHash: null,
    weights: 'pretrained',
    scores: GLUE_TASKS.flatMap((task, i) => {
      const value = tasks[i] ?? null;
      return value === null ? [] : [score(task, value)];
    }),
    average: average === null ? null : { mean: fraction(average), median: null, best: null },
    tokens: null,
    flops: null,
    deviceHours: null,
    lineage: { corpus: null, pretrain: null, checkpoint: null },
    reference,
  };
}

const fraction = (percent: number) => Number((percent / 100).toFixed(5));

function score(task: string, percent: number): LeaderboardRow['scores'][number] {
  const value = fraction(percent);
  const metric = METRICS[task] ?? 'accuracy';
  return { task, metric, n: 1, mean: value, std: null, median: value, best: value, configurations: 1, jobs: [] };
}
