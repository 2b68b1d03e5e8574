import { mkdtempSync, rmSync } from 'node:fs';
import { chmod, type FileHandle, mkdir, open, readdir, symlink, truncate, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { spawnSync } from 'node:child_process';
import { afterAll, describe, expect, it, jest } from '@jest/globals';
import { FileStore } from './file.js';
import { TEMPORARY_PREFIX } from './keys.js';
import { openStore } from './open.js';
import { temporaryName } from './temporary.js';
import { describeObjectStore } from './testing/conformance.js';

const folder = mkdtempSync(join(tmpdir(), 'orestes-file-'));
const content = new TextEncoder().encode('content');
const code = (code: string) => expect.objectContaining({ code });

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describeObjectStore('file driver', () => openStore(join(folder, 'not/made/yet')));

const errno = (code: string) => Object.assign(new Error(code), { code });

/** The prototype of open files, for faults that no file system here has. */
async function handles(): Promise<FileHandle> {
  const file = await open(folder);
  await file.close();
  return Object.getPrototypeOf(file) as FileHandle;
}

async function keysOf(store: FileStore): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of store.list('')) keys.push(key);
  return keys;
}

describe('FileStore', () => {
  it('neither lists the leavings of killed writers nor keeps them', async () => {
    const root = join(folder, 'leavings');
    await mkdir(join(root, 'a'), { recursive: true });
    const mine = temporaryName();
    const dead = spawnSync(process.execPath, ['-e', '']).pid;
    const ofDead = mine.replace(`-${process.pid}-`, `-${dead}-`);
    const elsewhere = `${TEMPORARY_PREFIX}0123456789ab-1-00`;
    const elsewhereOld = `${TEMPORARY_PREFIX}0123456789ab-1-01`;
    for (const name of [mine, ofDead, elsewhere, elsewhereOld]) await writeFile(join(root, 'a', name), 'half');
    await utimes(join(root, 'a', elsewhereOld), 0, 0);
    const store = new FileStore(root);
    expect(await keysOf(store)).toEqual([]);
    await store.put('a/object', content);
    expect(await keysOf(store)).toEqual(['a/object']);
    expect((await readdir(join(root, 'a'))).sort()).toEqual([mine, elsewhere, 'object'].sort());
  });

  it('leaves no temporary file and no empty folder behind', async () => {
    const parent = join(folder, 'tidy');
    await mkdir(parent);
    const root = join(parent, 'made/for/it');
    const store = new FileStore(root);
    await store.put('deep/er/object', content);
    expect(await readdir(join(root, 'deep/er'))).toEqual(['object']);
    await writeFile(join(root, 'deep/file'), 'no folder');
    await expect(store.put('deep/file/object', content)).rejects.toEqual(code('INVALID_KEY'));
    await store.delete('deep/file');
    await store.delete('deep/er/object');
    expect(await readdir(parent)).toEqual([]);
  });

  it('keeps its root where it was there before', async () => {
    const root = join(folder, 'there');
    await mkdir(root);
    const store = new FileStore(root);
    await store.put('deep/object', content);
    await store.delete('deep/object');
    expect(await readdir(root)).toEqual([]);
  });

  it('removes after a failed write the folders that it made, not those that were there', async () => {
    const root = join(folder, 'failed');
    await mkdir(join(root, 'empty'), { recursive: true });
    const failing = jest.spyOn(await handles(), 'writeFile').mockRejectedValue(errno('ENOSPC'));
    const store = new FileStore(root);
    for (const key of ['empty/object', 'empty/made/for/it', 'made/object'])
      await expect(store.put(key, content)).rejects.toEqual(code('STORE_FULL'));
    failing.mockRestore();
    expect(await readdir(root, { recursive: true })).toEqual(['empty']);
  });

  it.each(['EINVAL', 'ENOTSUP'])('writes where folders cannot be synced: %s', async (unsupported) => {
    const syncing = jest.spyOn(await handles(), 'sync').mockImplementation(async function (this: FileHandle) {
      if ((await this.stat()).isDirectory()) throw errno(unsupported);
      await this.datasync();
    });
    const store = new FileStore(join(folder, unsupported));
    await store.put('a/object', content);
    expect(syncing).toHaveBeenCalledTimes(4);
    syncing.mockRestore();
    expect(await store.get('a/object')).toEqual(content);
  });

  it('says that an object is too large for memory', async () => {
    const root = join(folder, 'huge');
    await mkdir(root);
    await writeFile(join(root, 'object'), '');
    await truncate(join(root, 'object'), 2 ** 42);
    const failure = await new FileStore(root).get('object').catch((error: unknown) => error);
    expect(failure).toEqual(code('OUT_OF_MEMORY'));
    expect(String(failure)).toContain(`${root}/object: no memory for its ${2 ** 42} bytes`);
  });

  it('says that a key may not be both object and folder', async () => {
    const store = new FileStore(join(folder, 'both'));
    await store.put('p', content);
    await store.put('d/q', content);
    await expect(store.put('p/q', content)).rejects.toEqual(code('INVALID_KEY'));
    await expect(store.put('d', content)).rejects.toEqual(code('INVALID_KEY'));
    await expect(store.get('d')).rejects.toEqual(code('OBJECT_MISSING'));
    expect(await store.head('d')).toBeNull();
    expect(await store.head('p/q')).toBeNull();
    expect(await keysOf(store)).toEqual(['d/q', 'p']);
  });

  it('follows links to files', async () => {
    const root = join(folder, 'links');
    const store = new FileStore(root);
    await store.put('real', content);
    await symlink(join(root, 'real'), join(root, 'link'));
    await symlink(join(root, 'nowhere'), join(root, 'broken'));
    expect(await keysOf(store)).toEqual(['link', 'real']);
    expect(await store.get('link')).toEqual(content);
  });

  it('says which path may not be written', async () => {
    const root = join(folder, 'denied');
    await mkdir(root);
    await chmod(root, 0o555);
    // Root may write everywhere but in the kernel's own tree.
    const store = new FileStore(process.getuid?.() === 0 ? '/sys/kernel' : root);
    const failure = await store.put('object', content).catch((error: unknown) => error);
    expect(failure).toEqual(code('STORE_DENIED'));
    expect(String(failure)).toContain('/object: may not be written');
  });
});
