import { createHash, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { engineConfig } from './config.js';
import type { CompiledMemory } from './pjrt/executable.js';

const KEPT = 64;

const digest = (content: Buffer) => createHash('sha256').update(content).digest();

/** What the processor can do: virtual machines give theirs names that say little. Empty outside Linux. */
function processorFlags(): string {
  try {
    return /^(flags|Features)\s*:.*$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[0] ?? '';
  } catch {
    return '';
  }
}

/** A compiled program, and its memory as the plugin counted it: counting again takes a tenth of the time of loading. */
export interface StoredProgram {
  program: Buffer;
  memory: CompiledMemory | null;
}

const DIGEST_BYTES = 32;

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

  async read(key: string): Promise<StoredProgram | null> {
    const file = join(this.folder, key);
    try {
      const content = await readFile(file);
      const stored = content.subarray(DIGEST_BYTES);
      if (!digest(stored).equals(content.subarray(0, DIGEST_BYTES))) return null;
      await utimes(file, new Date(), new Date());
      const end = stored.indexOf('\n');
      const memory = JSON.parse(stored.toString('utf8', 0, end)) as CompiledMemory | null;
      return { program: stored.subarray(end + 1), memory };
    } catch {
      return null; // absent or unreadable: compile
    }
  }

  async write(key: string, { program, memory }: StoredProgram): Promise<void> {
    const temporary = join(this.folder, `${key}.${randomBytes(6).toString('hex')}`);
    try {
      await mkdir(this.folder, { recursive: true });
      const stored = Buffer.concat([Buffer.from(`${JSON.stringify(memory)}\n`), program]);
      await writeFile(temporary, Buffer.concat([digest(stored), stored]));
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
