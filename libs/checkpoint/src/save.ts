import { canonicalJson, CheckpointManifest, OrestesError, sha256 } from '@orestes/contracts';
import { joinAddress, type ObjectStore } from '@orestes/storage';
import { checkpointKey, fileKey, MANIFEST, partFile, TOKENIZER } from './layout.js';
import { checkpointAt } from './list.js';
import { prune, removeCheckpoint } from './prune.js';
import { encodeSafetensors } from './safetensors.js';
import type { TensorFile } from './tensors.js';

/** What a checkpoint holds: see CheckpointManifest. */
export interface CheckpointContent extends Pick<
  CheckpointManifest,
  'step' | 'samples' | 'spec' | 'recipeHash' | 'encoders' | 'vocabularySize'
> {
  tensors: TensorFile;
  /** The tokenizer's file, as it is. */
  tokenizerJson: string;
}

export interface SaveOptions {
  /** How many of the newest checkpoints stay; at least 1. The store must have room for one more. */
  keep: number;
  /** Tensors are gathered into parts of at most this size; a larger tensor has a part of its own. */
  partBytes?: number;
}

export interface SavedCheckpoint {
  key: string;
  address: string;
  /** Of all its files together. */
  bytes: number;
}

const PART_BYTES = 256 << 20;

/**
 * Writes a checkpoint under checkpoints/ and removes the older ones beyond `keep`. The manifest is written last and
 * commits: a writer that dies before it leaves the earlier checkpoints as they were, and its leavings are overwritten or
 * removed by the next save. Saving the same content again is allowed, and a broken checkpoint of this step is replaced.
 * A store has one writer at a time.
 * @throws OrestesError CHECKPOINT_EXISTS when the step has a whole checkpoint of other content; what the store throws, after
 * removing what was written
 */
export async function saveCheckpoint(
  store: ObjectStore,
  content: CheckpointContent,
  { keep, partBytes = PART_BYTES }: SaveOptions,
): Promise<SavedCheckpoint> {
  if (!Number.isInteger(keep) || keep < 1) throw new RangeError(`keep: ${keep} is not a whole number of at least 1`);
  const key = checkpointKey(content.step);
  const tokenizer = new TextEncoder().encode(content.tokenizerJson);
  const head = describe(content, sha256(tokenizer));
  const there = await checkpointAt(store, key);
  if (there && 'problem' in there) await removeCheckpoint(store, key);
  const committed = there !== null && 'manifest' in there;
  if (committed)
    refuseOther(joinAddress(store.address, key), there.manifest, head, encodeParts(content.tensors, partBytes));
  const parts: Part[] = [];
  let manifest: Uint8Array;
  try {
    for (const { part, bytes } of encodeParts(content.tensors, partBytes)) {
      await store.put(fileKey(key, part.file), bytes);
      parts.push(part);
    }
    await store.put(fileKey(key, TOKENIZER), tokenizer);
    manifest = encodeManifest(head, parts);
    await store.put(fileKey(key, MANIFEST), manifest);
  } catch (error) {
    // A full disk should not stay full of parts that nobody can use; what cannot be removed now, the next save removes.
    if (!committed) await removeCheckpoint(store, key).catch(() => undefined);
    throw error;
  }
  await prune(store, key, [...parts.map((part) => part.file), TOKENIZER, MANIFEST], keep);
  const bytes = parts.reduce((sum, part) => sum + part.bytes, tokenizer.length + manifest.length);
  return { key, address: joinAddress(store.address, key), bytes };
}

type Head = Omit<CheckpointManifest, 'parts'>;
type Part = CheckpointManifest['parts'][number];

/** The manifest without its parts, checked: a mistake shows before anything is written. */
function describe({ tensors: _, tokenizerJson: __, ...rest }: CheckpointContent, tokenizer: string): Head {
  return CheckpointManifest.omit({ parts: true }).parse({ format: 'orestes.checkpoint/1', ...rest, tokenizer });
}

/** The same content gives the same bytes. */
function encodeManifest(head: Head, parts: Part[]): Uint8Array {
  const sorted: unknown = JSON.parse(canonicalJson({ ...head, parts }));
  return new TextEncoder().encode(`${JSON.stringify(sorted, null, 2)}\n`);
}

/** One part after the other: only one is in memory. */
function* encodeParts(tensors: TensorFile, partBytes: number): Iterable<{ part: Part; bytes: Uint8Array }> {
  let index = 0;
  for (const names of split(tensors, partBytes)) {
    const bytes = encodeSafetensors(Object.fromEntries(names.map((name) => [name, tensors[name]!])));
    yield { part: { file: partFile(index++), bytes: bytes.length, sha256: sha256(bytes) }, bytes };
  }
}

/** Names in order, cut where a part would grow beyond its size; at least one part. */
function split(tensors: TensorFile, partBytes: number): string[][] {
  const groups: string[][] = [[]];
  let bytes = 0;
  for (const name of Object.keys(tensors).sort()) {
    const more = tensors[name]!.data.byteLength;
    if (bytes > 0 && bytes + more > partBytes) {
      groups.push([]);
      bytes = 0;
    }
    groups.at(-1)!.push(name);
    bytes += more;
  }
  return groups;
}

/** What a run of the same content may change between its attempts is in the spec alone: its name, say, or its devices. */
function refuseOther(where: string, theirs: CheckpointManifest, head: Head, parts: Iterable<{ part: Part }>): void {
  const content = ({ recipeHash, tokenizer, parts }: CheckpointManifest) =>
    canonicalJson({ recipeHash, tokenizer, parts });
  const ours = { ...head, parts: Array.from(parts, ({ part }) => part) };
  if (content(ours) === content(theirs)) return;
  throw new OrestesError(
    'CHECKPOINT_EXISTS',
    `${where}: there is a checkpoint of this step with other content; choose another output or remove it`,
  );
}
