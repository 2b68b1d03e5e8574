import { readFileSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { OrestesError } from '@orestes/contracts';

/** A process by its number and its start: a number that was given out again is another process. null: there is none. */
export function identityOf(pid: number): string | null {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ');
    return fields[0] === 'Z' ? null : `${pid} ${fields[19]}`;
  } catch {
    return null; // no such process
  }
}

const fileOf = (folder: string) => path.join(folder, 'owner.pid');

/**
 * Makes this process the folder's only user, and ends a server that a killed owner left behind.
 * @throws OrestesError DATA_IN_USE
 */
export async function takeFolder(folder: string): Promise<void> {
  const recorded = (await readFile(fileOf(folder), 'utf8').catch(() => '')).trim();
  const owner = Number.parseInt(recorded, 10);
  if (owner && owner !== process.pid && identityOf(owner) === recorded)
    throw new OrestesError(
      'DATA_IN_USE',
      `${folder}: process ${owner} uses it (one service at a time has a data folder)`,
    );
  await rm(fileOf(folder), { force: true });
  const mine = identityOf(process.pid) ?? String(process.pid);
  await writeFile(fileOf(folder), mine, { flag: 'wx' }).catch((error: Error) => {
    throw new OrestesError('DATA_IN_USE', `${folder}: another service takes it just now`, 1, { cause: error });
  });
  await endOrphan(path.join(folder, 'data'));
}

export const releaseFolder = (folder: string): Promise<void> => rm(fileOf(folder), { force: true });

/** The number in the file may be another process's by now: it must serve this very data. */
async function endOrphan(data: string): Promise<void> {
  const pid = Number.parseInt(await readFile(path.join(data, 'postmaster.pid'), 'utf8').catch(() => ''), 10);
  const isServer = () => pid > 0 && identityOf(pid) !== null && argumentsOf(pid).includes(data);
  if (!isServer()) return;
  process.kill(pid, 'SIGINT'); // fast shutdown
  for (let waited = 0; isServer(); waited += 25) {
    if (waited === 20_000) process.kill(pid, 'SIGQUIT'); // at once; the next start recovers
    await sleep(25);
  }
}

function argumentsOf(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
  } catch {
    return [];
  }
}
