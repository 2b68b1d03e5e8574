import { sha256 } from '@orestes/contracts';
import type { ShardEntry } from './mds/index-file.js';

/** Where things lie in a corpus. */
export const MANIFEST = 'corpus.json';
export const TOKENIZER = 'tokenizer.json';
export const INDEX = 'index.json';

export type Split = 'train' | 'validation';

/** Folder of a split, with its closing slash. */
export const splitPrefix = (split: Split) => `${split}/`;

/** SHA-256 over the SHA-256 of shards before compression. Where a shard has none, its name, size and other hashes stand in. */
export function corpusDigest(shards: readonly ShardEntry[]): string {
  const line = ({ raw_data: { basename, bytes, hashes } }: ShardEntry) =>
    hashes['sha256'] ?? JSON.stringify([basename, bytes, hashes]);
  return sha256(shards.map((shard) => `${line(shard)}\n`).join(''));
}
