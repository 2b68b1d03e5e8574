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

const UNITS = ['', 'k', 'M', 'G', 'T', 'P', 'E'];

/** 12345 -> 12.3k. */
export function short(value: number): string {
  let unit = 0;
  while (Math.abs(value) >= 1000 && unit < UNITS.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${unit === 0 && Number.isInteger(value) ? value : value.toPrecision(3)}${UNITS[unit]}`;
}

export const bytes = (value: number): string => `${short(value)}B`;

/** 3725 -> 1h02m. */
export function duration(seconds: number): string {
  if (!Number.isFinite(seconds)) return '-';
  const s = Math.round(seconds);
  const two = (n: number) => String(n).padStart(2, '0');
  if (s < 60) return `${s}s`;
  return s < 3600
    ? `${Math.floor(s / 60)}m${two(s % 60)}s`
    : `${Math.floor(s / 3600)}h${two(Math.floor((s % 3600) / 60))}m`;
}
