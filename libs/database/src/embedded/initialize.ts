import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chown, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { OrestesError } from '@orestes/contracts';
import type { Account } from './account.js';

/** The superuser's password lies beside the data, for its owner alone. */
export const readPassword = (folder: string): Promise<string> => readFile(path.join(folder, 'password'), 'utf8');

/** Environment of PostgreSQL's programs: nothing of ours is handed on. */
export const environment = { PATH: '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' };

/** Makes an empty cluster in `folder`/data unless there is one. It is made aside: a killed initdb leaves none behind. */
export async function initialize(
  folder: string,
  initdb: string,
  account: Account | null,
  durable: boolean,
): Promise<void> {
  const data = path.join(folder, 'data');
  if (existsSync(path.join(data, 'PG_VERSION'))) return;
  const aside = path.join(folder, 'data.new');
  const passwordFile = path.join(folder, 'password.new');
  await rm(data, { recursive: true, force: true });
  await rm(aside, { recursive: true, force: true });
  await mkdir(aside, { mode: 0o700 });
  const password = randomBytes(24).toString('base64url');
  await writeFile(path.join(folder, 'password'), password, { mode: 0o600 });
  await writeFile(passwordFile, password, { mode: 0o600 });
  if (account) for (const file of [aside, passwordFile]) await chown(file, account.uid, account.gid);
  const options = ['-U', 'orestes', '-A', 'scram-sha-256', `--pwfile=${passwordFile}`, '-E', 'UTF8', '--locale=C'];
  const { status, stderr, error } = spawnSync(initdb, ['-D', aside, ...options, ...(durable ? [] : ['--no-sync'])], {
    ...account,
    env: environment,
    cwd: '/',
    encoding: 'utf8',
  });
  await rm(passwordFile, { force: true });
  if (status !== 0)
    throw new OrestesError('DATABASE_UNAVAILABLE', `${folder}: initdb failed: ${(error?.message ?? stderr).trim()}`);
  await rename(aside, data);
}
