import { OrestesError } from '@orestes/contracts';

/** 130: stopped by Ctrl-C or SIGTERM; the same command goes on from there. */
export const EXIT = { done: 0, failed: 1, usage: 2, interrupted: 130 } as const;

const INTERRUPTED = 'INTERRUPTED';

export const print = (text: string): void => void process.stdout.write(`${text}\n`);
export const printJson = (value: unknown): void => print(JSON.stringify(value));

/** Tells the user what went wrong, and gives the exit code. Only an error of our own code shows its stack. */
export function reportFailure(error: unknown, json: boolean): number {
  if (!(error instanceof OrestesError)) {
    process.stderr.write(
      `orestes: internal error, please report it: ${error instanceof Error ? error.stack : String(error)}\n`,
    );
    return EXIT.failed;
  }
  if (json) printJson({ kind: 'error', code: error.code, message: error.message });
  else process.stderr.write(`${error.code}: ${error.message}\n`);
  return error.code === INTERRUPTED ? EXIT.interrupted : error.exitCode;
}

/** Columns padded to their widest cell; numbers to the right. */
export function table(header: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const cells = [header, ...rows].map((row) => row.map(String));
  const widths = header.map((_, i) => Math.max(...cells.map((row) => row[i]!.length)));
  const right = header.map((_, i) => rows.length > 0 && rows.every((row) => typeof row[i] === 'number'));
  const line = (row: readonly string[]) =>
    row
      .map((cell, i) => (right[i] ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!)))
      .join('  ')
      .trimEnd();
  return [line(cells[0]!), line(widths.map((w) => '-'.repeat(w))), ...cells.slice(1).map(line)].join('\n');
}
