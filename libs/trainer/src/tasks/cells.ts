import { invalidFile, UnusableRow } from './dropped.js';
import type { Line } from './lines.js';

/** A column by header name (TSV) or field name (JSONL), or by 1-based number (TSV). */
export type Column = string | number;

/** How the rows of a file are laid out. */
export interface RowFormat {
  format: 'tsv' | 'jsonl';
  /** TSV: line 1 names the columns. */
  header: boolean;
  /** One column, or two for a sentence pair. */
  text: readonly Column[];
  label: Column;
}

/** Cells of one row, by column. */
export type Cells = (column: Column) => string;

const LAYOUTS = { tsv: tsvCells, jsonl: jsonCells } satisfies Record<RowFormat['format'], unknown>;

/**
 * How to find a line's cells. Refuses columns that the file does not have.
 * @throws UserError TASK_FILE_INVALID; the function given back throws UnusableRow
 */
export function cellsOf(lines: readonly Line[], file: string, format: RowFormat): (line: string) => Cells {
  return LAYOUTS[format.format](lines, file, format);
}

/** Cells of a TSV line. Every row must have as many as the header, or, without one, as most rows have. */
function tsvCells(lines: readonly Line[], file: string, format: RowFormat): (line: string) => Cells {
  const header = format.header
    ? lines
        .find((l) => l.line === 1)
        ?.value.split('\t')
        .map((name) => name.trim())
    : undefined;
  if (format.header && header === undefined) throw invalidFile(file, 'no header', 1);
  const expected = header?.length ?? usualFields(lines);
  const index = new Map([...format.text, format.label].map((c) => [c, tsvColumn(c, header, expected, file)]));
  return (line) => {
    const fields = line.split('\t');
    if (fields.length !== expected) throw new UnusableRow(`${fields.length} fields, ${expected} expected`);
    return (column) => fields[index.get(column)!]!;
  };
}

/** The number of fields that most lines have; the first such number when two tie. */
function usualFields(lines: readonly Line[]): number {
  const counts = new Map<number, number>();
  for (const { value } of lines.filter((l) => l.value.trim() !== '')) {
    const fields = value.split('\t').length;
    counts.set(fields, (counts.get(fields) ?? 0) + 1);
  }
  return [...counts].reduce((best, entry) => (entry[1] > best[1] ? entry : best), [0, 0])[0];
}

function tsvColumn(column: Column, header: readonly string[] | undefined, fields: number, file: string): number {
  const named = header ? `: ${header.map((name, i) => `${i + 1} ${name}`).join(', ')}` : '';
  const allowed = `(allowed: 1 to ${fields}${named})`;
  if (typeof column === 'number') {
    if (column > fields) throw invalidFile(file, `there is no column ${column} ${allowed}`, 1);
    return column - 1;
  }
  if (!header) throw invalidFile(file, `column ${column}: without a header columns go by number ${allowed}`, 1);
  const at = header.indexOf(column);
  if (at < 0) throw invalidFile(file, `there is no column ${column} ${allowed}`, 1);
  if (header.indexOf(column, at + 1) >= 0) throw invalidFile(file, `two columns are called ${column} ${allowed}`, 1);
  return at;
}

/** Fields of a JSON line. Numbers and truth values are labels as well as strings are. */
function jsonCells(lines: readonly Line[], file: string, format: RowFormat): (line: string) => Cells {
  const wanted = [...format.text, format.label];
  const numbered = wanted.find((c) => typeof c === 'number');
  if (numbered !== undefined) throw invalidFile(file, `column ${numbered}: the fields of JSONL go by name`);
  const seen = new Set(lines.flatMap(({ value }) => Object.keys(parseObject(value) ?? {})));
  const unknown = wanted.find((c) => !seen.has(String(c)));
  if (seen.size > 0 && unknown !== undefined)
    throw invalidFile(file, `no line has a field ${unknown} (allowed: ${[...seen].slice(0, 50).join(', ')})`, 1);
  return (line) => {
    const object = parseObject(line);
    if (!object) throw new UnusableRow('not a JSON object');
    return (column) => jsonCell(object, String(column));
  };
}

function jsonCell(object: Record<string, unknown>, field: string): string {
  if (!Object.hasOwn(object, field)) throw new UnusableRow(`no field ${field}`);
  const value = object[field];
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  throw new UnusableRow(`field ${field} is ${value === null ? 'null' : 'neither text nor number'}`);
}

function parseObject(line: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return value !== null && typeof value === 'object' && !Array.isArray(value) ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}
