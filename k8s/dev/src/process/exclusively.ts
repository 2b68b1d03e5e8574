import { randomBytes } from 'node:crypto';
import { link, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { isCode } from '../errors.js';
import { alive, identityOf } from './identity.js';

const RETRY_MS = 250;

/**
 * Does `act` while no other process does something under the same lock file. A holder that died holds it no more.
 * @param waiting called once, with the holder's process number, when there is one
 */
export async function exclusively<T>(
  lock: string,
  waiting: (holder: number) => void,
  act: () => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  const draft = `${lock}.${process.pid}.${randomBytes(4).toString('hex')}`;
  await writeFile(draft, identityOf(process.pid) ?? String(process.pid));
  try {
    for (let told = false; !(await tryLink(draft, lock));) {
      const holder = await holderOf(lock, `${draft}.left`);
      if (holder !== null && !told) waiting(holder);
      told ||= holder !== null;
      await sleep(RETRY_MS, undefined, { signal });
    }
  } finally {
    await rm(draft, { force: true });
  }
  try {
    return await act();
  } finally {
    await rm(lock, { force: true });
  }
}

/** A link appears whole, with its content, or not at all. */
async function tryLink(draft: string, lock: string): Promise<boolean> {
  try {
    await link(draft, lock);
    return true;
  } catch (error) {
    if (isCode(error, 'EEXIST')) return false;
    throw error;
  }
}

/** Who holds the lock; one that a dead process left is taken away. */
async function holderOf(lock: string, aside: string): Promise<number | null> {
  const held = await readFile(lock, 'utf8').catch(() => null);
  if (held === null) return null;
  const holder = alive(held);
  if (holder !== null) return holder;
  try {
    await rename(lock, aside);
  } catch (error) {
    if (isCode(error, 'ENOENT')) return null;
    throw error;
  }
  // Another process may have taken it between reading and renaming: it gets it back.
  if ((await readFile(aside, 'utf8')) !== held) await tryLink(aside, lock);
  await rm(aside, { force: true });
  return null;
}
