import { createHash, randomBytes } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { readdir, rm, stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { errnoOf, isAbsent } from './file-errors.js';
import { TEMPORARY_PREFIX } from './keys.js';

/** A write that has not touched its file for this long is taken for dead, wherever its process was. */
const ABANDONED_MS = 3_600_000;

/** A fresh name for a half-written file: it says which process on which machine writes it. */
export const temporaryName = () => `${TEMPORARY_PREFIX}${machine()}-${process.pid}-${randomBytes(8).toString('hex')}`;

/** Removes what killed writers left in a folder; files of writers that may still live stay. */
export async function sweepTemporaries(folder: string): Promise<void> {
  const names = await readdir(folder).catch(unlessAbsent<string[]>([]));
  for (const name of names.filter((n) => n.startsWith(TEMPORARY_PREFIX))) {
    const path = join(folder, name);
    const seen = await stat(path).catch(unlessAbsent(null));
    if (seen && isAbandoned(name, seen.mtimeMs)) await rm(path, { force: true });
  }
}

function isAbandoned(name: string, modifiedMs: number): boolean {
  if (Date.now() - modifiedMs > ABANDONED_MS) return true;
  const [host, pid] = name.slice(TEMPORARY_PREFIX.length).split('-');
  if (host !== machine()) return false;
  if (Number(pid) === process.pid) return modifiedMs < Date.now() - process.uptime() * 1000 - 1000;
  return !isAlive(Number(pid));
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return errnoOf(error) !== 'ESRCH';
  }
}

let machineId: string | undefined;

/** Names the space that process ids are unique in: host, boot and PID namespace. */
function machine(): string {
  machineId ??= createHash('sha256')
    .update(
      [
        hostname(),
        orNone(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8')),
        orNone(() => readlinkSync('/proc/self/ns/pid')),
      ].join(),
    )
    .digest('hex')
    .slice(0, 12);
  return machineId;
}

/** Outside Linux there is no /proc: the host's name alone must do. */
function orNone(read: () => string): string {
  try {
    return read();
  } catch {
    return '';
  }
}

const unlessAbsent =
  <T>(value: T) =>
  (error: unknown): T => {
    if (isAbsent(error)) return value;
    throw error;
  };
