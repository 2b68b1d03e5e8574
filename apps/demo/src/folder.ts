import { existsSync } from 'node:fs';
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { OrestesError, UserError } from '@orestes/contracts';
import { removeData } from '@orestes/database';
import { print } from '@orestes/cli';

const STARTED = '.orestes-demo';
const DONE = 'done';

/** A finished demo starts anew; an interrupted one goes on. Nobody else's folder is touched. */
export async function prepare(folder: string): Promise<void> {
  const there = existsSync(folder) ? await readdir(folder) : [];
  if (there.length > 0 && !there.includes(STARTED))
    throw new UserError(
      'USAGE',
      `--output: ${folder} holds something else (allowed: a new or empty folder, or an earlier demo's)`,
    );
  if (there.includes(DONE)) {
    await removeData(join(folder, 'database'));
    await rm(folder, { recursive: true, force: true });
  } else if (there.length > 0) print(`Going on with the demo that was interrupted (${folder}).`);
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, STARTED), '');
}

export const finish = (folder: string): Promise<void> => writeFile(join(folder, DONE), '');

/** A folder of another user, or a full disk. */
export function unwritable(e: unknown, folder: string): unknown {
  if (!(e instanceof Error && 'code' in e) || e instanceof OrestesError) return e;
  return new OrestesError('STORE_DENIED', `--output: ${folder} cannot be used: ${e.message}`, 1, { cause: e });
}
