import type { Leaderboard, LeaderboardRow } from '@orestes/contracts';
import { amount, averageCell, label, parts, scoreCell, titleOf } from './cells.js';

const NOTHING = {
  glue: 'Nothing was measured on GLUE yet; the suite `all` has every task.\n',
  all: 'Nothing was measured yet.\n',
};

/** A GitHub table of the measured rows, and one of the published. */
export function toMarkdown(board: Leaderboard): string {
  const { measured, published } = parts(board);
  const header = ['model', ...board.tasks.map(titleOf), 'AVG', 'tokens', 'FLOPs', 'device hours', 'recipe'];
  const row = (r: LeaderboardRow) => [
    escaped(label(r)),
    ...board.tasks.map((task) => scoreCell(r, task, ' ± ')),
    averageCell(r),
    amount(r.tokens),
    amount(r.flops),
    amount(r.deviceHours),
    r.recipeHash?.slice(0, 12) ?? '-',
  ];
  const measuredText =
    measured.length > 0 ? table(header, measured.map(row)) : NOTHING[board.suite === 'glue' ? 'glue' : 'all'];
  const text = `## Measured\n\nPercent: mean ± standard deviation (seeds).\n\n${measuredText}`;
  if (published.length === 0) return text;
  const width = board.tasks.length + 2;
  const rows = published.map((r) => [...row(r).slice(0, width), r.reference ?? '-']);
  return `${text}\n## Published\n\n${table([...header.slice(0, width), 'source'], rows)}`;
}

/** Columns padded to their widest cell: it reads well as it is, too. */
function table(header: string[], rows: string[][]): string {
  const widths = header.map((_, i) => Math.max(3, ...[header, ...rows].map((cells) => cells[i]!.length)));
  const line = (cells: string[]) => `| ${cells.map((cell, i) => cell.padEnd(widths[i]!)).join(' | ')} |\n`;
  return [line(header), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('');
}

const escaped = (text: string): string => text.replaceAll('|', '\\|');
