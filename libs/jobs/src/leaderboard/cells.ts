import type { Leaderboard, LeaderboardRow } from '@orestes/contracts';

/** Names as tables have them. */
const TITLES: Record<string, string> = {
  mnli: 'MNLI',
  qqp: 'QQP',
  qnli: 'QNLI',
  sst2: 'SST-2',
  cola: 'CoLA',
  rte: 'RTE',
  mrpc: 'MRPC',
  stsb: 'STS-B',
  wnli: 'WNLI',
};
export const titleOf = (task: string): string => TITLES[task] ?? task;

/** Measured rows, then published ones: a table has them apart. */
export function parts({ rows }: Leaderboard): { measured: LeaderboardRow[]; published: LeaderboardRow[] } {
  return {
    measured: rows.filter(({ source }) => source === 'measured'),
    published: rows.filter(({ source }) => source === 'published'),
  };
}

/** `pretrain-a` or `pretrain-a, random weights`. */
export const label = ({ name, weights, reference }: LeaderboardRow): string =>
  `${name}${weights === 'random' ? ', random weights' : ''}${reference?.includes('Large') ? ' (large)' : ''}`;

/** Percent with one decimal; with the spread and the number of seeds where there are several. `between` stands before the spread. */
export function scoreCell(row: LeaderboardRow, task: string, between: string): string {
  const score = row.scores.find((s) => s.task === task);
  if (!score) return '-';
  if (score.std === null) return percent(score.mean);
  return `${percent(score.mean)}${between}${percent(score.std)} (${score.n})`;
}

export const averageCell = ({ average }: LeaderboardRow): string => (average ? percent(average.mean) : '-');

const percent = (fraction: number): string => (100 * fraction).toFixed(1);

/** 1234567 -> 1.23e6. */
export const amount = (value: number | null): string =>
  value === null
    ? '-'
    : value < 1000
      ? String(Number(value.toPrecision(3)))
      : value.toExponential(2).replace('e+', 'e');
