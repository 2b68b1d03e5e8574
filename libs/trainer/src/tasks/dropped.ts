import { UserError } from '@orestes/contracts';

/** Lines that were left out, with their reason. */
export class DroppedRows {
  private readonly rows: { line: number; reason: string }[] = [];

  get count(): number {
    return this.rows.length;
  }

  /** In the order of the file. */
  get all(): { line: number; reason: string }[] {
    return [...this.rows].sort((a, b) => a.line - b.line);
  }

  add(line: number, reason: string): void {
    this.rows.push({ line, reason });
  }

  /** For people, for example `2 rows dropped: line 3 (empty text), line 9 (5 fields, 6 expected)`. */
  describe(): string {
    const listed = this.all
      .slice(0, 10)
      .map(({ line, reason }) => `line ${line} (${reason})`)
      .join(', ');
    const rest = this.count > 10 ? `, and ${this.count - 10} more` : '';
    return `${this.count} ${this.count === 1 ? 'row' : 'rows'} dropped: ${listed}${rest}`;
  }
}

/** Why one row cannot be used. */
export class UnusableRow extends Error {}

export const invalidFile = (file: string, message: string, line?: number): UserError =>
  new UserError('TASK_FILE_INVALID', `${file}${line === undefined ? '' : `, line ${line}`}: ${message}`);

/** A cell as a message may show it. */
export const shown = (cell: string): string => (cell.length > 80 ? `${cell.slice(0, 77)}...` : cell);

/** Runs `use`; a row it finds unusable is counted. */
export function keep(dropped: DroppedRows, line: number, use: () => void): void {
  try {
    use();
  } catch (error) {
    if (!(error instanceof UnusableRow)) throw error;
    dropped.add(line, error.message);
  }
}

export function noUsableRow(file: string, dropped: DroppedRows): UserError {
  return invalidFile(file, `no usable row${dropped.count > 0 ? `; ${dropped.describe()}` : ': the file is empty'}`);
}
