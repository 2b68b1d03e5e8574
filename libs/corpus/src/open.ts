import {
  CorpusManifest,
  OrestesError,
  UserError,
  parseDocument,
  sha256,
  type CorpusManifest as Manifest,
  type Masking,
  type SpecialTokens,
} from '@orestes/contracts';
import { openStore, type ObjectStore } from '@orestes/storage';
import { corpusDigest, INDEX, MANIFEST, splitPrefix, TOKENIZER, type Split } from './layout.js';
import { parseIndex, type ShardEntry } from './mds/index-file.js';
import { checkShard } from './mds/read-shard.js';
import { maxSelections } from './stream/masking.js';
import { checkOptions, type StreamOptions } from './stream/plan.js';
import { startStream, type BatchStream } from './stream/stream.js';
import { openTokenizer } from './tokenizer/tokenizer.js';

/** The shards of a split: their folder, with its closing slash, and their index. */
interface SplitShards {
  prefix: string;
  shards: ShardEntry[];
}

interface Contents {
  manifest: Manifest;
  tokenizerJson: Uint8Array;
  splits: Record<Split, SplitShards>;
}

/** Sample ids are unsigned 32-bit numbers, and the largest one says "none". */
const MAX_SEQUENCES = 0xffffffff;

/** A corpus that was opened: its index is checked, its shards are when they are read. */
export class Corpus {
  readonly manifest: Manifest;
  /** tokenizer.json, as it is. */
  readonly tokenizerJson: Uint8Array;
  /** Every id is below it. */
  readonly vocabularySize: number;
  readonly special: SpecialTokens;
  /** SHA-256 that identifies the content. */
  readonly digest: string;

  constructor(
    readonly address: string,
    private readonly store: ObjectStore,
    private readonly contents: Contents,
  ) {
    this.manifest = contents.manifest;
    this.tokenizerJson = contents.tokenizerJson;
    this.vocabularySize = this.manifest.vocabularySize;
    this.special = this.manifest.special;
    this.digest = this.manifest.digest;
  }

  /** Sequences of a split. */
  sequences(split: Split): number {
    return this.manifest.splits[split].sequences;
  }

  /** Selections that a masked sequence has room for (M). */
  selections(masking: Masking, sequenceLength: number): number {
    return maxSelections(sequenceLength, masking.probability);
  }

  /**
   * Masked batches in a shuffled order that depends on the seed and the epoch alone: the same for any number of readers,
   * and from any position on.
   * @throws UserError STREAM_OPTIONS, CORPUS_EMPTY, SEQUENCE_TOO_LONG; the stream itself OrestesError SHARD_*, CORPUS_INVALID,
   * STREAM_FAILED and what the store throws
   */
  stream(options: StreamOptions): BatchStream {
    checkOptions(options);
    const { split, seed, batchSize, sequenceLength, masking, repeat, worker = true } = options;
    const { prefix, shards } = this.contents.splits[split];
    if (this.sequences(split) === 0)
      throw new UserError('CORPUS_EMPTY', `${this.address}: its ${split} split has no sequences`);
    const longest = this.manifest.sequenceLength;
    if (longest !== null && sequenceLength < longest)
      throw new UserError(
        'SEQUENCE_TOO_LONG',
        `sequenceLength ${sequenceLength}: ${this.address} has sequences of up to ${longest} tokens (allowed: ${longest} or more)`,
      );
    const { vocabularySize, special, specialIds } = this.manifest;
    return startStream(this.store, worker ? this.address : null, {
      prefix,
      shards,
      vocabulary: { size: vocabularySize, pad: special.pad, mask: special.mask, specialIds },
      seed,
      position: options.position ?? 0,
      batchSize,
      sequenceLength,
      masking,
      readers: options.readers ?? { index: 0, count: 1 },
      repeat,
      prefetch: options.prefetch ?? 4,
    });
  }
}

/**
 * Opens a corpus that buildCorpus wrote, or a folder of MDS shards that MosaicML Streaming wrote (index.json with a column
 * `tokens`, at the root or in train/, perhaps validation/ too) with a tokenizer.json beside it.
 * @throws OrestesError CORPUS_INVALID; UserError CORPUS_MISSING, CORPUS_UNSUPPORTED, TOKENIZER_MISSING, TOKENIZER_INVALID
 */
export async function openCorpus(address: string): Promise<Corpus> {
  const store = openStore(address);
  const contents = (await readOwn(address, store)) ?? (await readForeign(address, store));
  for (const { prefix, shards } of Object.values(contents.splits))
    for (const shard of shards) checkShard(shard, `${address}: ${prefix}${INDEX}`);
  return new Corpus(address, store, contents);
}

async function readOwn(address: string, store: ObjectStore): Promise<Contents | null> {
  const json = await read(store, MANIFEST);
  if (!json) return null;
  const manifest = parseManifest(json, `${address}: ${MANIFEST}`);
  const split = async (name: Split) => {
    const shards = await readIndex(address, store, splitPrefix(name));
    if (shards === null || sequencesOf(shards) !== manifest.splits[name].sequences)
      throw invalid(address, `${splitPrefix(name)}${INDEX} is missing, or is of another corpus than ${MANIFEST}`);
    return { prefix: splitPrefix(name), shards };
  };
  const splits = { train: await split('train'), validation: await split('validation') };
  if (corpusDigest([...splits.train.shards, ...splits.validation.shards]) !== manifest.digest)
    throw invalid(address, `the shards' hashes in ${INDEX} are not those that ${MANIFEST} was written for`);
  const tokenizerJson = await readTokenizer(address, store);
  if (sha256(tokenizerJson) !== manifest.tokenizer)
    throw invalid(address, `${TOKENIZER} is not the one that ${MANIFEST} was written for`);
  return { manifest, tokenizerJson, splits };
}

async function readForeign(address: string, store: ObjectStore): Promise<Contents> {
  const root = await readIndex(address, store, '');
  const prefix = root ? '' : splitPrefix('train');
  const shards = root ?? (await readIndex(address, store, prefix));
  if (!shards)
    throw new UserError(
      'CORPUS_MISSING',
      `${address}: no corpus there (looked for ${MANIFEST}, and for an MDS ${INDEX} at its root and in train/)`,
    );
  const validation = (await readIndex(address, store, splitPrefix('validation'))) ?? [];
  const tokenizerJson = await readTokenizer(address, store);
  const {
    vocabularySize,
    special,
    specialIds,
    sha256: tokenizer,
  } = openTokenizer(tokenizerJson, `${address}: ${TOKENIZER}`);
  const size = (of: ShardEntry[]) => ({ sequences: sequencesOf(of), tokens: null, documents: null });
  const manifest: Manifest = {
    format: 'orestes.corpus/1',
    sequenceLength: null,
    vocabularySize,
    special,
    specialIds,
    splits: { train: size(shards), validation: size(validation) },
    dropped: { shortChunks: 0, emptyDocuments: 0 },
    tokenizer,
    digest: corpusDigest([...shards, ...validation]),
    input: [],
  };
  const splits = { train: { prefix, shards }, validation: { prefix: splitPrefix('validation'), shards: validation } };
  return { manifest, tokenizerJson, splits };
}

async function readIndex(address: string, store: ObjectStore, prefix: string): Promise<ShardEntry[] | null> {
  const content = await read(store, `${prefix}${INDEX}`);
  if (!content) return null;
  const shards = parseIndex(content, `${address}: ${prefix}${INDEX}`);
  if (sequencesOf(shards) >= MAX_SEQUENCES)
    throw new UserError('CORPUS_UNSUPPORTED', `${address}: more than ${MAX_SEQUENCES} sequences in a split`);
  return shards;
}

const sequencesOf = (shards: readonly ShardEntry[]) => shards.reduce((sum, shard) => sum + shard.samples, 0);

async function readTokenizer(address: string, store: ObjectStore): Promise<Uint8Array> {
  const content = await read(store, TOKENIZER);
  if (!content) throw new UserError('TOKENIZER_MISSING', `${address}: has no ${TOKENIZER} beside its shards`);
  return content;
}

/** null where there is no such object. */
async function read(store: ObjectStore, key: string): Promise<Uint8Array | null> {
  return (await store.head(key)) ? store.get(key) : null;
}

function parseManifest(json: Uint8Array, where: string): Manifest {
  try {
    return parseDocument(CorpusManifest, JSON.parse(Buffer.from(json).toString('utf8')), MANIFEST);
  } catch (error) {
    const why = error instanceof Error ? error.message.split('\n')[0] : String(error);
    throw new OrestesError('CORPUS_INVALID', `${where}: ${why}`, 1, { cause: error });
  }
}

const invalid = (address: string, why: string) => new OrestesError('CORPUS_INVALID', `${address}: ${why}`);
