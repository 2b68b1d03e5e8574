import { cellsOf, type RowFormat } from './cells.js';
import { DroppedRows, keep, noUsableRow, UnusableRow } from './dropped.js';
import { decodeLines, type Line } from './lines.js';

/** One line of a file: its one or two texts, trimmed and not empty, and its label as written, trimmed and not empty. */
export interface Row {
  /** 1-based. */
  line: number;
  text: readonly string[];
  label: string;
}

export interface Rows {
  file: string;
  rows: Row[];
  dropped: DroppedRows;
  /** What the header has over the label's column, where that goes by number. */
  headerLabel: string | null;
}

/**
 * Reads the rows of a task's file. TSV has no quoting: a quote is a character like any other. Survives CRLF and a byte
 * order mark; rows that are ragged, empty, too long, not UTF-8 or not JSON are dropped and counted.
 * @param file its name in messages
 * @throws UserError TASK_FILE_INVALID for an unknown column or a file without one usable row
 */
export function readRows(content: Uint8Array, file: string, format: RowFormat): Rows {
  const dropped = new DroppedRows();
  const lines = decodeLines(content, dropped);
  if (lines.length === 0) throw noUsableRow(file, dropped);
  const cellsIn = cellsOf(lines, file, format);
  const rows: Row[] = [];
  for (const { line, value } of lines) {
    if (format.format === 'tsv' && format.header && line === 1) continue;
    keep(dropped, line, () => {
      if (value.trim() === '') throw new UnusableRow('empty line');
      const cells = cellsIn(value);
      rows.push({
        line,
        text: format.text.map((c) => filled(cells(c), 'text')),
        label: filled(cells(format.label), 'label'),
      });
    });
  }
  if (rows.length === 0) throw noUsableRow(file, dropped);
  return { file, rows, dropped, headerLabel: headerLabel(lines[0]!, format) };
}

function headerLabel(first: Line, { format, header, label }: RowFormat): string | null {
  if (format !== 'tsv' || !header || typeof label !== 'number') return null;
  return (first.value.split('\t')[label - 1] ?? '').trim();
}

function filled(value: string, what: string): string {
  const trimmed = value.trim();
  if (trimmed === '') throw new UnusableRow(`empty ${what}`);
  return trimmed;
}
