import { type CheckpointManifest, OrestesError } from '@orestes/contracts';
import { joinAddress, type ObjectEntry, type ObjectStore } from '@orestes/storage';
import { fileKey, MANIFEST, parseManifest, stepOf, TOKENIZER } from './layout.js';
import { byStep, checkpointFolders, isCommitted } from './prune.js';
import { corrupt } from './safetensors-header.js';

export interface WholeCheckpoint {
  key: string;
  step: number;
  /** Of all its files together. */
  bytes: number;
  manifest: CheckpointManifest;
}

export interface BrokenCheckpoint {
  key: string;
  step: number;
  /** Why it cannot be used. */
  problem: OrestesError;
}

/** The committed checkpoints of a run, newest first. Their files' sizes are checked, not their digests. */
export async function listCheckpoints(store: ObjectStore): Promise<(WholeCheckpoint | BrokenCheckpoint)[]> {
  const folders = [...(await checkpointFolders(store))].filter(([key, files]) => isCommitted(key, files));
  folders.sort(([a], [b]) => byStep(a, b));
  return Promise.all(folders.map(([key, files]) => look(store, key, files)));
}

/**
 * The newest checkpoint of a run that is whole, or null.
 * @returns with newer ones that had to be passed over, for the log
 */
export async function latestCheckpoint(
  store: ObjectStore,
): Promise<(WholeCheckpoint & { passedOver: BrokenCheckpoint[] }) | null> {
  const all = await listCheckpoints(store);
  const at = all.findIndex((checkpoint) => 'manifest' in checkpoint);
  const found = all[at];
  if (!found || !('manifest' in found)) return null;
  return { ...found, passedOver: all.slice(0, at).filter((checkpoint) => 'problem' in checkpoint) };
}

/** The committed checkpoint at a key, or null. */
export async function checkpointAt(
  store: ObjectStore,
  key: string,
): Promise<WholeCheckpoint | BrokenCheckpoint | null> {
  const files = (await checkpointFolders(store)).get(key);
  return files && isCommitted(key, files) ? look(store, key, files) : null;
}

async function look(
  store: ObjectStore,
  key: string,
  files: ObjectEntry[],
): Promise<WholeCheckpoint | BrokenCheckpoint> {
  const step = stepOf(key) ?? 0;
  const where = joinAddress(store.address, key);
  try {
    const manifest = parseManifest(await store.get(fileKey(key, MANIFEST)), `${where}: ${MANIFEST}`);
    if (manifest.step !== step) throw corrupt(where, `${MANIFEST} says step ${manifest.step}`);
    const sizes = new Map(files.map((file) => [file.key, file.bytes]));
    for (const { file, bytes } of manifest.parts) {
      const found = sizes.get(fileKey(key, file));
      if (found !== bytes) throw corrupt(where, `${file}: expected ${bytes} bytes, found ${found ?? 'no file'}`);
    }
    if (!sizes.has(fileKey(key, TOKENIZER))) throw corrupt(where, `${TOKENIZER} is missing`);
    return { key, step, bytes: files.reduce((sum, file) => sum + file.bytes, 0), manifest };
  } catch (error) {
    // A manifest that vanished since it was listed was pruned by the run's own writer.
    if (error instanceof OrestesError && ['CHECKPOINT_CORRUPT', 'OBJECT_MISSING'].includes(error.code))
      return { key, step, problem: error };
    throw error;
  }
}
