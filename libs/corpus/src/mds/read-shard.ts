import { createHash, getHashes } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import { OrestesError, UserError } from '@orestes/contracts';
import type { ObjectStore } from '@orestes/storage';
import { loadZstd, zstdDecompress } from '../zstd.js';
import { columnProblem, decodeShard, type Shard } from './shard.js';
import type { FileEntry, ShardEntry } from './index-file.js';

/** Larger shards would not fit into memory a few at a time. */
const MAX_RAW_BYTES = 1 << 30;
/** A damaged transfer is tried again before the shard is given up. */
const ATTEMPTS = 2;

/** By the name in the index, less a `:level`. @param bytes size that must come out. zstd: only after loadZstd() */
const codecs = {
  zstd: zstdDecompress,
  gz: (content: Uint8Array, bytes: number) => gunzipSync(content, { maxOutputLength: Math.max(bytes, 1) }),
} satisfies Record<string, (content: Uint8Array, bytes: number) => Uint8Array>;

/** Names of hash algorithms as Python gives them, where Node's differ. */
const NODE_NAMES: Record<string, string> = { blake2b: 'blake2b512', blake2s: 'blake2s256' };
const nodeName = (algorithm: string) => NODE_NAMES[algorithm] ?? algorithm.replaceAll('_', '-');

/**
 * Refuses what could not be read or not be verified, before anything is read.
 * @param where address of the index, for messages
 * @throws UserError CORPUS_UNSUPPORTED
 */
export function checkShard(entry: ShardEntry, where: string): void {
  const fail = (why: string) =>
    new UserError('CORPUS_UNSUPPORTED', `${where}: shard ${entry.raw_data.basename}: ${why}`);
  const column = columnProblem(entry);
  if (column) throw fail(column);
  const codec = codecOf(entry);
  if (entry.zip_data && !Object.hasOwn(codecs, codec))
    throw fail(`compression ${codec} is not supported (allowed: none, ${Object.keys(codecs).join(', ')})`);
  const listed = Object.keys({ ...entry.raw_data.hashes, ...entry.zip_data?.hashes });
  const unknown = listed.filter((algorithm) => !getHashes().includes(nodeName(algorithm)));
  if (unknown.length > 0) throw fail(`hashes by ${unknown.join(', ')} cannot be verified here (sha256 can)`);
  if (entry.raw_data.bytes > MAX_RAW_BYTES)
    throw fail(`${entry.raw_data.bytes} bytes are more than ${MAX_RAW_BYTES} bytes, the largest shard that is read`);
}

/**
 * Reads a shard, and lets no byte of it through that its index does not vouch for: size and hashes as stored, size and
 * hashes after decompression, and the structure inside.
 * @param prefix folder of the shard in the store, with its closing slash
 * @throws OrestesError SHARD_MISSING, SHARD_TRUNCATED, SHARD_CORRUPT naming the shard
 */
export async function readShard(store: ObjectStore, prefix: string, entry: ShardEntry): Promise<Shard> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await readOnce(store, prefix, entry);
    } catch (error) {
      const damaged = error instanceof OrestesError && ['SHARD_TRUNCATED', 'SHARD_CORRUPT'].includes(error.code);
      if (!damaged || attempt === ATTEMPTS) throw error;
    }
  }
}

async function readOnce(store: ObjectStore, prefix: string, entry: ShardEntry): Promise<Shard> {
  const stored = entry.zip_data ?? entry.raw_data;
  const where = `shard ${prefix}${stored.basename} in ${store.address}`;
  const corrupt = (why: string, cause?: unknown) =>
    new OrestesError('SHARD_CORRUPT', `${where}: ${why}; restore it or build the corpus again`, 1, { cause });
  const content = await fetchShard(store, `${prefix}${stored.basename}`, where);
  verify(content, stored, where, corrupt);
  if (!entry.zip_data) return attempt(() => decodeShard(content, entry), corrupt);
  await loadZstd();
  const raw = attempt(
    () => codecs[codecOf(entry)](content, entry.raw_data.bytes),
    (why, cause) => corrupt(`cannot be decompressed: ${why}`, cause),
  );
  verify(raw, entry.raw_data, `${where} (decompressed)`, corrupt);
  return attempt(() => decodeShard(raw, entry), corrupt);
}

function attempt<T>(read: () => T, corrupt: (why: string, cause: unknown) => OrestesError): T {
  try {
    return read();
  } catch (error) {
    throw corrupt(error instanceof Error ? error.message : String(error), error);
  }
}

async function fetchShard(store: ObjectStore, key: string, where: string): Promise<Uint8Array> {
  try {
    return await store.get(key);
  } catch (error) {
    if (!(error instanceof OrestesError) || error.code !== 'OBJECT_MISSING') throw error;
    throw new OrestesError('SHARD_MISSING', `${where}: is in the index, but not there`, 1, { cause: error });
  }
}

function verify(content: Uint8Array, entry: FileEntry, where: string, corrupt: (why: string) => OrestesError): void {
  if (content.length < entry.bytes)
    throw new OrestesError(
      'SHARD_TRUNCATED',
      `${where}: has ${content.length} bytes, its index says ${entry.bytes}; restore it or build the corpus again`,
    );
  if (content.length > entry.bytes) throw corrupt(`has ${content.length} bytes, its index says ${entry.bytes}`);
  for (const [algorithm, expected] of Object.entries(entry.hashes)) {
    const found = createHash(nodeName(algorithm)).update(content).digest('hex');
    if (found !== expected.toLowerCase()) throw corrupt(`its ${algorithm} is ${found}, its index says ${expected}`);
  }
}

const codecOf = (entry: ShardEntry) => (entry.compression ?? 'none').split(':')[0] as keyof typeof codecs;
