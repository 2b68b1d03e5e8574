import { cp, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { orestes, type Ended } from '../support/orestes.js';
import { expectRefusal, untouched, type Refusal } from '../support/refusal.js';

/** One bad input: what lies in the folder, what is run there, and how it is refused. */
export interface Row extends Refusal {
  name: string;
  /** Files to be written first, by path. */
  files?: Readonly<Record<string, string | Uint8Array>>;
  /** Does the damage, in the row's own copy of the fixture. */
  damage?: (folder: string) => Promise<void> | void;
  spec: object;
  environment?: NodeJS.ProcessEnv;
  /** Files that may change: what a run that had begun had logged. */
  logs?: RegExp;
}

/** Runs the row in a copy of `fixture`; nothing there may be changed by it, and nothing new may lie there. */
export async function expectRefused(row: Row, fixture: string, folder: string): Promise<Ended> {
  await cp(fixture, folder, { recursive: true });
  for (const [path, content] of Object.entries(row.files ?? {})) {
    await mkdir(join(folder, path, '..'), { recursive: true });
    await writeFile(join(folder, path), content);
  }
  await row.damage?.(folder);
  const { environment, spec } = row;
  const run = () => orestes(['run', '-'], { cwd: folder, input: JSON.stringify(spec), environment });
  const ended = await untouched(folder, run, row.logs);
  expectRefusal(ended, row);
  return ended;
}
