import { z } from 'zod';
import { Sha256 } from './documents.js';

const count = z.int().min(0);
const tokenId = z.int().min(0);

/** Ids of the special tokens that training needs; null: the tokenizer has no such token and needs none. */
export const SpecialTokens = z.strictObject({
  pad: tokenId,
  unk: tokenId.nullable(),
  cls: tokenId,
  sep: tokenId,
  mask: tokenId,
});

/** Size of a split. `null`: not known, in a folder of shards that another program wrote. */
export const CorpusSplit = z.strictObject({
  sequences: count,
  /** Tokens of all sequences, special tokens included. */
  tokens: count.nullable(),
  documents: count.nullable(),
});

/** corpus.json: written last, so its presence says that every shard is whole. */
export const CorpusManifest = z.strictObject({
  format: z.literal('orestes.corpus/1'),
  /** Tokens that a sequence has at most, special tokens included; null: not known. */
  sequenceLength: z.int().min(1).nullable(),
  /** Every id in the shards is below it. */
  vocabularySize: z.int().min(1),
  special: SpecialTokens,
  /** All special ids in ascending order, those above included: never masked, never drawn as a random token. */
  specialIds: z.array(tokenId),
  splits: z.strictObject({ train: CorpusSplit, validation: CorpusSplit }),
  /** What the text held and the shards do not. */
  dropped: z.strictObject({
    /** Ends of documents with fewer than two tokens. */
    shortChunks: count,
    /** Documents without a token. */
    emptyDocuments: count,
  }),
  /** SHA-256 of tokenizer.json. */
  tokenizer: Sha256,
  /** SHA-256 over the SHA-256 of the shards before compression, in hexadecimal, a line each: train's, then validation's. */
  digest: Sha256,
  /** The text files, in the order in which they were read. `bytes` as stored, compressed or not. */
  input: z.array(z.strictObject({ address: z.string(), bytes: count, sha256: Sha256 })),
});

export type SpecialTokens = z.infer<typeof SpecialTokens>;
export type CorpusSplit = z.infer<typeof CorpusSplit>;
export type CorpusManifest = z.infer<typeof CorpusManifest>;
