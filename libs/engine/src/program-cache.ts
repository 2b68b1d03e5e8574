import { createHash, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { engineConfig } from './config.js';

const KEPT = 64;

/** What the processor can do: virtual machines give theirs names that say little. Empty outside Linux. */
function processorFlags(): string {
  try {
    return /^(flags|Features)\s*:.*$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[0] ?? '';
  } catch {
    return '';
  }
}

/** Compiled programs on disk, keyed by all that shaped them. A cache: what cannot be read or written is compiled again. */
export class ProgramCache {
  private readonly folder = join(engineConfig().cacheDirectory, 'programs');

  /** @param parts program text, plugin, options; the processor is added, for the code is made for it */
  key(parts: readonly string[]): string {
    const hash = createHash('sha256');
    for (const part of [...parts, process.arch, String(cpus().length), cpus()[0]?.model ?? '', processorFlags()])
      hash.update(`${part.length}:`).update(part);
    return hash.digest('hex');
  }

  async read(key: string): Promise<Buffer | null> {
    const file = join(this.folder, key);
    try {
      const content = await readFile(file);
      const digest = content.subarray(0, 32);
      const program = content.subarray(32);
      if (!createHash('sha256').update(program).digest().equals(digest)) return null;
      await utimes(file, new Date(), new Date());
      return program;
    } catch {
      return null; // absent or unreadable: compile
    }
  }

  async write(key: string, program: Buffer): Promise<void> {
    const temporary = join(this.folder, `${key}.${randomBytes(6).toString('hex')}`);
    try {
      await mkdir(this.folder, { recursive: true });
      await writeFile(temporary, Buffer.concat([createHash('sha256').update(program).digest(), program]));
      await rename(temporary, join(this.folder, key));
      await this.prune();
    } catch {
      await rm(temporary, { force: true }).catch(() => undefined); // a full or read-only disk only costs the next compile
    }
  }

  /** Keeps the programs used last. */
  private async prune(): Promise<void> {
    const names = await readdir(this.folder);
    if (names.length <= KEPT) return;
    const aged = await Promise.all(
      names.map(async (name) => ({ name, used: (await stat(join(this.folder, name))).mtimeMs })),
    );
    aged.sort((a, b) => b.used - a.used);
    await Promise.all(aged.slice(KEPT).map(({ name }) => rm(join(this.folder, name), { force: true })));
  }
}
