import type { Leaderboard, LeaderboardRow } from '@orestes/contracts';
import { averageCell, label, parts, scoreCell, titleOf } from './cells.js';

/** A tabular (package booktabs): measured rows above, published ones below a rule. */
export function toLatex(board: Leaderboard): string {
  const { measured, published } = parts(board);
  const row = (r: LeaderboardRow) =>
    line([escaped(label(r)), ...board.tasks.map((task) => scoreCell(r, task, ' $\\pm$ ')), averageCell(r)]);
  const title = (text: string) => `\\multicolumn{${board.tasks.length + 2}}{l}{\\emph{${text}}} \\\\\n`;
  return [
    `\\begin{tabular}{l${'c'.repeat(board.tasks.length + 1)}}\n\\toprule\n`,
    line(['Model', ...board.tasks.map((task) => escaped(titleOf(task))), 'AVG']),
    '\\midrule\n',
    title('Measured: percent, mean $\\pm$ standard deviation (seeds)'),
    ...measured.map(row),
    ...(published.length > 0
      ? ['\\midrule\n', title('Published: Dong et al. 2023, Table 1'), ...published.map(row)]
      : []),
    '\\bottomrule\n\\end{tabular}\n',
  ].join('');
}

const line = (cells: string[]): string => `${cells.join(' & ')} \\\\\n`;

const SPECIAL: Record<string, string> = {
  '\\': '\\textbackslash{}',
  '~': '\\textasciitilde{}',
  '^': '\\textasciicircum{}',
};
const escaped = (text: string): string => text.replace(/[\\~^&%$#_{}]/g, (c) => SPECIAL[c] ?? `\\${c}`);
