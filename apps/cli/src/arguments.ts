import { InvalidArgumentError, type Command } from 'commander';

export const SPEC = 'a spec in YAML or JSON, or - for standard input';

export const collect = (value: string, all: string[]): string[] => [...all, value];

export function positive(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError('a whole number of at least 1 is needed.');
  return value;
}

/** Loads a command when it is called: `--help` answers at once. */
export const lazy =
  <A extends unknown[]>(load: () => Promise<(...args: A) => unknown>) =>
  async (...args: A): Promise<void> => {
    await (
      await load()
    )(...args);
  };

/** Adds a command that can also answer in JSON. */
export type NewCommand = (parent: Command, usage: string, summary: string) => Command;
