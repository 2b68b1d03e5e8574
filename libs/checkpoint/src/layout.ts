import { CheckpointManifest, parseDocument } from '@orestes/contracts';
import { corrupt } from './safetensors-header.js';

export const ROOT = 'checkpoints/';
export const MANIFEST = 'manifest.json';
export const TOKENIZER = 'tokenizer.json';

/** `checkpoints/step-000001000` */
export const checkpointKey = (step: number) => `${ROOT}step-${String(step).padStart(9, '0')}`;

/** The step of a checkpoint's key, or null for a key of something else. */
export function stepOf(key: string): number | null {
  const digits = /^checkpoints\/step-(\d{9,15})$/.exec(key)?.[1];
  return digits === undefined ? null : Number(digits);
}

export const partFile = (index: number) => `part-${String(index).padStart(5, '0')}.safetensors`;

/** The key of a checkpoint's file; the checkpoint at key '' is the store's root itself. */
export const fileKey = (key: string, file: string) => (key === '' ? file : `${key}/${file}`);

const PART_FILE = /^part-\d{5,}\.safetensors$/;

/**
 * Reads a manifest.
 * @param where what it is called in messages
 * @throws OrestesError CHECKPOINT_CORRUPT saying what is wrong with it
 */
export function parseManifest(content: Uint8Array, where: string): CheckpointManifest {
  try {
    const document: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(content));
    const manifest = parseDocument(CheckpointManifest, document, MANIFEST);
    const odd = manifest.parts.find(({ file }) => !PART_FILE.test(file));
    if (odd) throw new TypeError(`${JSON.stringify(odd.file)} is not the name of a part (${partFile(0)} and so on)`);
    return manifest;
  } catch (error) {
    throw corrupt(where, error instanceof Error ? error.message : String(error), error);
  }
}
