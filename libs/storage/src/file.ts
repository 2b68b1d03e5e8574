import { constants } from 'node:fs';
import { type FileHandle, mkdir, open, readdir, rename, rm, rmdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { OrestesError } from '@orestes/contracts';
import { errnoOf, isAbsent, readError, writeError } from './file-errors.js';
import { checkKey, checkPrefix, TEMPORARY_PREFIX } from './keys.js';
import { allocate, checkRange, type ObjectEntry, type ObjectStore, tooShort } from './store.js';
import { sweepTemporaries, temporaryName } from './temporary.js';

/**
 * Objects are files under a folder, which need not exist yet. An object is written beside its place under a temporary
 * name, synced and renamed; folders are synced too, where the file system can, so a committed object survives a loss of
 * power. Links to files are followed, links to folders are not listed.
 */
export class FileStore implements ObjectStore {
  private readonly swept = new Set<string>();
  /** The folder below which empty folders are removed: the root, or the folder above it that was there first. */
  private kept: string;

  /** @param address absolute path of the root */
  constructor(readonly address: string) {
    this.kept = address;
  }

  async get(key: string): Promise<Uint8Array> {
    return this.read(key, (bytes) => [0, bytes]);
  }

  async getRange(key: string, start: number, end: number): Promise<Uint8Array> {
    checkRange(key, start, end);
    return this.read(key, (bytes) => {
      if (end > bytes) throw tooShort(this.pathOf(key), end, bytes);
      return [start, end];
    });
  }

  async put(key: string, content: Uint8Array): Promise<void> {
    const path = this.pathOf(key);
    const folder = dirname(path);
    const write = { folder, temporary: join(folder, temporaryName()), above: folder };
    try {
      await this.createTemporary(write, content);
      await rename(write.temporary, path);
      await syncFolders(write);
      await this.sweepOnce(folder);
    } catch (error) {
      const failure = await writeError(error, path, content.byteLength);
      await this.discard(write).catch(() => undefined); // the next writer sweeps; the failed write is what is told
      throw failure;
    }
  }

  async head(key: string): Promise<ObjectEntry | null> {
    const path = this.pathOf(key);
    try {
      const seen = await stat(path);
      return seen.isFile() ? { key, bytes: seen.size } : null;
    } catch (error) {
      if (isAbsent(error)) return null;
      throw readError(error, path);
    }
  }

  async *list(prefix: string): AsyncIterable<ObjectEntry> {
    checkPrefix(prefix);
    yield* this.walk(prefix.slice(0, prefix.lastIndexOf('/') + 1), prefix);
  }

  async delete(key: string): Promise<void> {
    const path = this.pathOf(key);
    try {
      if ((await this.head(key)) === null) return;
      await rm(path, { force: true });
      await removeEmptyFolders(dirname(path), this.kept);
    } catch (error) {
      throw readError(error, path);
    }
  }

  private pathOf(key: string): string {
    checkKey(key);
    return join(this.address, key);
  }

  /** One open file is one version of the object, whatever is renamed over it meanwhile. */
  private async read(key: string, range: (bytes: number) => [number, number]): Promise<Uint8Array> {
    const path = this.pathOf(key);
    let file: FileHandle | undefined;
    try {
      file = await open(path, constants.O_RDONLY);
      const seen = await file.stat();
      if (!seen.isFile()) throw new OrestesError('OBJECT_MISSING', `${path}: is not a file`);
      const [start, end] = range(seen.size);
      return await readFully(file, start, end, path);
    } catch (error) {
      throw readError(error, path);
    } finally {
      await file?.close();
    }
  }

  /** @param folder key of a folder with its closing slash, or '' for the root */
  private async *walk(folder: string, prefix: string): AsyncIterable<ObjectEntry> {
    for (const { name, isFolder } of await this.entries(folder)) {
      const key = folder + name;
      if (isFolder) {
        if (key.startsWith(prefix) || prefix.startsWith(key)) yield* this.walk(key, prefix);
      } else if (key.startsWith(prefix)) {
        const entry = await this.head(key);
        if (entry) yield entry;
      }
    }
  }

  /** In byte order of the keys they lead to: a folder counts as `name/`. */
  private async entries(folder: string): Promise<{ name: string; isFolder: boolean }[]> {
    const path = join(this.address, folder);
    const entries = await readdir(path, { withFileTypes: true }).catch((error: unknown) => {
      if (isAbsent(error)) return [];
      throw readError(error, path);
    });
    return entries
      .filter((e) => !e.name.startsWith(TEMPORARY_PREFIX))
      .map((e) => ({ name: e.isDirectory() ? `${e.name}/` : e.name, isFolder: e.isDirectory() }))
      .sort((a, b) => Buffer.compare(Buffer.from(a.name), Buffer.from(b.name)));
  }

  private async createTemporary(write: Write, content: Uint8Array): Promise<void> {
    // A deletion elsewhere may remove the folder while it is empty, between its making and its first file.
    for (let attempt = 1; ; attempt++) {
      try {
        write.above = await nearestFolder(write.above);
        if (write.above !== this.kept && !isInside(write.above, this.kept)) this.kept = write.above;
        await mkdir(write.folder, { recursive: true });
        return await writeSynced(write.temporary, content);
      } catch (error) {
        if (errnoOf(error) !== 'ENOENT' || attempt === 10) throw error;
      }
    }
  }

  private async sweepOnce(folder: string): Promise<void> {
    if (this.swept.has(folder)) return;
    this.swept.add(folder);
    await sweepTemporaries(folder);
  }

  /** Removes a half-written file, and the folders that were made for it and hold nothing else. */
  private async discard({ folder, temporary, above }: Write): Promise<void> {
    await rm(temporary, { force: true });
    await removeEmptyFolders(folder, above);
  }
}

/** One write under way. */
interface Write {
  folder: string;
  temporary: string;
  /** The folder, or the nearest one above it that was there before. */
  above: string;
}

async function nearestFolder(path: string): Promise<string> {
  for (let at = path; ; at = dirname(at)) {
    const seen = await stat(at).catch((error: unknown) => {
      if (isAbsent(error)) return null;
      throw error;
    });
    if (seen || at === dirname(at)) return at;
  }
}

async function removeEmptyFolders(folder: string, kept: string): Promise<void> {
  for (let at = folder; isInside(at, kept); at = dirname(at)) {
    try {
      await sweepTemporaries(at);
      await rmdir(at);
    } catch (error) {
      if (['ENOTEMPTY', 'EEXIST', 'ENOENT', 'EBUSY'].includes(errnoOf(error) ?? '')) return;
      throw error;
    }
  }
}

const isInside = (path: string, folder: string) => path.startsWith(folder.endsWith('/') ? folder : `${folder}/`);

async function writeSynced(path: string, content: Uint8Array): Promise<void> {
  const file = await open(path, 'wx', 0o644);
  try {
    await file.writeFile(content);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Makes a rename durable: the folder itself, and those above it down from the one that was there before. */
async function syncFolders({ folder, above }: Write): Promise<void> {
  for (let at = folder; ; at = dirname(at)) {
    const handle = await open(at, constants.O_RDONLY | constants.O_DIRECTORY);
    try {
      await handle.sync();
    } catch (error) {
      // Some network and FUSE mounts sync no folders; the object is there all the same.
      if (!['EINVAL', 'ENOTSUP'].includes(errnoOf(error) ?? '')) throw error;
    } finally {
      await handle.close();
    }
    if (at === above || at === dirname(at)) return;
  }
}

async function readFully(file: FileHandle, start: number, end: number, path: string): Promise<Uint8Array> {
  const content = allocate(end - start, path);
  for (let filled = 0; filled < content.length;) {
    const { bytesRead } = await file.read(content, filled, Math.min(content.length - filled, 1 << 30), start + filled);
    if (bytesRead === 0) throw tooShort(path, end, start + filled);
    filled += bytesRead;
  }
  return content;
}
