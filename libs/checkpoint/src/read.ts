import { type CheckpointManifest, OrestesError, sha256, UserError } from '@orestes/contracts';
import { joinAddress, type ObjectStore } from '@orestes/storage';
import { fileKey, MANIFEST, parseManifest, TOKENIZER } from './layout.js';
import { decodeSafetensors } from './safetensors.js';
import { corrupt } from './safetensors-header.js';
import type { TensorFile } from './tensors.js';

export interface Checkpoint {
  manifest: CheckpointManifest;
  tensors: TensorFile;
  tokenizerJson: string;
}

export interface ReadOptions {
  /** Which tensors to keep; all by default. Every part is verified in any case. */
  names?: (name: string) => boolean;
}

/**
 * Reads a checkpoint; nothing of a file is used before its size and SHA-256 were found right.
 * @param key of the checkpoint in the store, '' when the store's root is the checkpoint
 * @throws UserError CHECKPOINT_MISSING; OrestesError CHECKPOINT_CORRUPT naming the file, what was expected and what was found
 */
export async function readCheckpoint(store: ObjectStore, key: string, options: ReadOptions = {}): Promise<Checkpoint> {
  const manifest = await readManifest(store, key);
  const tokenizer = await readVerified(store, key, { file: TOKENIZER, sha256: manifest.tokenizer });
  const tensors: TensorFile = {};
  for await (const part of readParts(store, key, manifest)) {
    for (const [name, tensor] of Object.entries(part)) if (options.names?.(name) ?? true) tensors[name] = tensor;
  }
  return { manifest, tensors, tokenizerJson: new TextDecoder().decode(tokenizer) };
}

/** @throws UserError CHECKPOINT_MISSING; OrestesError CHECKPOINT_CORRUPT */
export async function readManifest(store: ObjectStore, key: string): Promise<CheckpointManifest> {
  const where = joinAddress(store.address, fileKey(key, MANIFEST));
  const missing = (cause: unknown) => new UserError('CHECKPOINT_MISSING', `${where}: there is no such file`, { cause });
  return parseManifest(await getOr(store, fileKey(key, MANIFEST), missing), where);
}

/** The tensors of each verified part, one part in memory at a time; no name comes twice. */
export async function* readParts(
  store: ObjectStore,
  key: string,
  manifest: CheckpointManifest,
): AsyncIterable<TensorFile> {
  const seen = new Map<string, string>();
  for (const part of manifest.parts) {
    const where = joinAddress(store.address, fileKey(key, part.file));
    const tensors = decodeSafetensors(await readVerified(store, key, part), where);
    for (const name of Object.keys(tensors)) {
      const other = seen.get(name);
      if (other !== undefined) throw corrupt(where, `tensor ${JSON.stringify(name)} is in ${other} too`);
      seen.set(name, part.file);
    }
    yield tensors;
  }
}

async function readVerified(
  store: ObjectStore,
  key: string,
  expected: { file: string; bytes?: number; sha256: string },
): Promise<Uint8Array> {
  const where = joinAddress(store.address, fileKey(key, expected.file));
  const missing = (cause: unknown) => corrupt(where, 'there is no such file', cause);
  const content = await getOr(store, fileKey(key, expected.file), missing);
  if (expected.bytes !== undefined && content.length !== expected.bytes)
    throw corrupt(where, `expected ${expected.bytes} bytes, found ${content.length}`);
  const found = sha256(content);
  if (found !== expected.sha256) throw corrupt(where, `expected SHA-256 ${expected.sha256}, found ${found}`);
  return content;
}

async function getOr(store: ObjectStore, key: string, missing: (cause: unknown) => OrestesError): Promise<Uint8Array> {
  try {
    return await store.get(key);
  } catch (error) {
    if (!(error instanceof OrestesError) || error.code !== 'OBJECT_MISSING') throw error;
    throw missing(error);
  }
}
