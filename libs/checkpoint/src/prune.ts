import type { ObjectEntry, ObjectStore } from '@orestes/storage';
import { fileKey, MANIFEST, ROOT, stepOf } from './layout.js';

/** The files of every folder of a checkpoint, committed or not. */
export async function checkpointFolders(store: ObjectStore): Promise<Map<string, ObjectEntry[]>> {
  const folders = new Map<string, ObjectEntry[]>();
  for await (const entry of store.list(ROOT)) {
    const folder = entry.key.slice(0, entry.key.lastIndexOf('/'));
    if (stepOf(folder) === null) continue;
    folders.set(folder, [...(folders.get(folder) ?? []), entry]);
  }
  return folders;
}

/** Newest first. */
export const byStep = (a: string, b: string) => (stepOf(b) ?? 0) - (stepOf(a) ?? 0);

export const isCommitted = (folder: string, files: ObjectEntry[]) =>
  files.some(({ key }) => key === fileKey(folder, MANIFEST));

/**
 * Removes all but the newest `keep` committed checkpoints, what killed writers left, and files in the current checkpoint
 * that are not its own.
 * @param current key of the checkpoint just committed; it stays in any case
 * @param files what it consists of
 */
export async function prune(store: ObjectStore, current: string, files: string[], keep: number): Promise<void> {
  const folders = await checkpointFolders(store);
  const committed = [...folders].filter(([folder, entries]) => isCommitted(folder, entries)).map(([folder]) => folder);
  const kept = new Set([...committed.sort(byStep).slice(0, keep), current]);
  for (const [folder, entries] of folders) {
    if (!kept.has(folder)) await remove(store, folder, entries);
  }
  const own = new Set(files.map((file) => fileKey(current, file)));
  for (const { key } of folders.get(current) ?? []) if (!own.has(key)) await store.delete(key);
}

/** Removes a checkpoint, committed or not. */
export async function removeCheckpoint(store: ObjectStore, key: string): Promise<void> {
  const entries = (await checkpointFolders(store)).get(key);
  if (entries) await remove(store, key, entries);
}

/** The manifest first: without it the rest is nobody's. */
async function remove(store: ObjectStore, folder: string, entries: ObjectEntry[]): Promise<void> {
  await store.delete(fileKey(folder, MANIFEST));
  for (const { key } of entries) await store.delete(key);
}
