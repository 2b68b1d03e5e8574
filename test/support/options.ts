import { parseArgs, type ParseArgsConfig } from 'node:util';

type Options = NonNullable<ParseArgsConfig['options']>;
type Values<T extends Options> = ReturnType<typeof parseArgs<{ options: T }>>['values'];

const USAGE = 2;

/** Ends the process with one line: a mistake in the command. */
export function usage(message: string): never {
  process.stderr.write(`${message}\n`);
  process.exit(USAGE);
}

/** The options of a benchmark; one that is not known ends the process. */
export function benchOptions<const T extends Options>(options: T): Values<T> {
  try {
    return parseArgs({ options }).values;
  } catch (error) {
    const allowed = Object.keys(options).map((name) => `--${name}`);
    return usage(`bench: ${(error as Error).message} (allowed: ${allowed.join(', ')})`);
  }
}

/** The value of an option that takes a number. */
export function numberOption(name: string, text: string, least: number): number {
  const value = Number(text);
  return text.trim() !== '' && value >= least
    ? value
    : usage(`--${name}: ${text} is not a number of at least ${least}`);
}
