import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from '@jest/globals';

/** A folder that lives as long as the test file. */
export function testFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'orestes-corpus-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** The error that a promise is rejected with; null where it is not. */
export const failureOf = (act: Promise<unknown>): Promise<unknown> =>
  act.then(
    () => null,
    (error: unknown) => error,
  );

export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}
