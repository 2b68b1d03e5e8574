import { OrestesError, UserError } from '@orestes/contracts';
import { joinAddress, type ObjectStore } from '@orestes/storage';

/** Cells by column. Numbers are written so that reading gives back the same bits. */
export type Row = Readonly<Record<string, string>>;

/**
 * Finished runs as CSV, one row each. A row is there when its run is finished, and whole: the file is written anew, atomically,
 * with each. Rows of other settings stay.
 */
export class ResultsFile {
  private constructor(
    private readonly store: ObjectStore,
    private readonly key: string,
    private readonly columns: readonly string[],
    private rows: Row[],
  ) {}

  /**
   * @param columns the last one, `run`, identifies a row
   * @throws UserError RESULTS_UNREADABLE when the file is something else
   */
  static async open(store: ObjectStore, key: string, columns: readonly string[]): Promise<ResultsFile> {
    const text = await readText(store, key);
    const rows = text === null ? [] : parse(text, columns, joinAddress(store.address, key));
    return new ResultsFile(store, key, columns, rows);
  }

  find(run: string): Row | undefined {
    return this.rows.find((row) => row['run'] === run);
  }

  async add(row: Row): Promise<void> {
    this.rows.push(row);
    await this.write();
  }

  /** Puts the rows named first, in their order, and the others after them. */
  async arrange(runs: readonly string[]): Promise<void> {
    const place = new Map(runs.map((run, i) => [run, i]));
    const placeOf = (row: Row) => place.get(row['run']!) ?? runs.length;
    const arranged = [...this.rows].sort((a, b) => placeOf(a) - placeOf(b));
    if (arranged.every((row, i) => row === this.rows[i])) return;
    this.rows = arranged;
    await this.write();
  }

  get csv(): string {
    const lines = [this.columns, ...this.rows.map((row) => this.columns.map((column) => row[column]!))];
    return lines.map((cells) => `${cells.join()}\n`).join('');
  }

  private async write(): Promise<void> {
    await this.store.put(this.key, new TextEncoder().encode(this.csv));
  }
}

async function readText(store: ObjectStore, key: string): Promise<string | null> {
  try {
    return new TextDecoder().decode(await store.get(key));
  } catch (e) {
    if (e instanceof OrestesError && e.code === 'OBJECT_MISSING') return null;
    throw e;
  }
}

function parse(text: string, columns: readonly string[], file: string): Row[] {
  const [header, ...lines] = text.split('\n').filter((line) => line !== '');
  const wrong = (line: number, what: string) =>
    new UserError(
      'RESULTS_UNREADABLE',
      `${file} line ${line}: ${what} (this file keeps finished runs; remove it to run them anew)`,
    );
  if (header !== columns.join()) throw wrong(1, `the columns are not ${columns.join()}`);
  return lines.map((line, i) => {
    const cells = line.split(',');
    if (cells.length !== columns.length) throw wrong(i + 2, `${cells.length} cells, ${columns.length} are needed`);
    return Object.fromEntries(columns.map((column, c) => [column, cells[c]!]));
  });
}
