import type { Leaderboard } from '@orestes/contracts';

const HEADER =
  'source,name,weights,recipe_hash,task,metric,n,mean,std,median,best,configurations,tokens,flops,device_hours,reference';

/** One line for each row and task, at full precision (RFC 4180), and one for each AVG. */
export function toCsv({ rows }: Leaderboard): string {
  const lines = rows.flatMap((row) => {
    const before = [row.source, row.name, row.weights, row.recipeHash];
    const after = [row.tokens, row.flops, row.deviceHours, row.reference];
    const scores: (string | number | null)[][] = row.scores.map((s) => [
      ...[s.task, s.metric, s.n, s.mean],
      ...[s.std, s.median, s.best, s.configurations],
    ]);
    const { average } = row;
    if (average) scores.push(['AVG', 'mean', null, average.mean, null, average.median, average.best, null]);
    return scores.map((score) => [...before, ...score, ...after]);
  });
  return `${[HEADER, ...lines.map((cells) => cells.map(quoted).join(','))].join('\r\n')}\r\n`;
}

/** A cell that a spreadsheet would take for a formula is led by a quote mark. */
function quoted(cell: string | number | null): string {
  if (cell === null) return '';
  if (typeof cell === 'number') return String(cell);
  const text = /^[=+\-@\t\r]/.test(cell) ? `'${cell}` : cell;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
