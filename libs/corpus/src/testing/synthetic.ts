import type { CorpusManifest } from '@orestes/contracts';
import { openStore } from '@orestes/storage';
import { corpusDigest, MANIFEST, splitPrefix, TOKENIZER, type Split } from '../layout.js';
import { MdsWriter } from '../mds/writer.js';
import { KeyedRandom } from '../stream/random.js';
import { openTokenizer } from '../tokenizer/tokenizer.js';
import { trainTokenizer } from '../tokenizer/train.js';
import { WordCounter } from '../tokenizer/words.js';

export interface SyntheticOptions {
  /** Sequences of each split. */
  train: number;
  validation?: number;
  sequenceLength: number;
  /** Ids are drawn from 5 to this, small ones more often. */
  vocabularySize: number;
  shardBytes: number;
  compression?: 'none' | 'zstd';
}

/** A small vocabulary with the special tokens 0 to 4. */
export function tinyTokenizer(): Uint8Array {
  const words = new WordCounter();
  words.add('the cat sat on the mat, and the other cat sat on the hat');
  return trainTokenizer(words, 300);
}

/**
 * A corpus of random ids, for tests and benchmarks. The second token of sequence i is its number, modulo the vocabulary;
 * lengths vary, one sequence in eight is short.
 */
export async function writeSynthetic(address: string, options: SyntheticOptions): Promise<CorpusManifest> {
  const { sequenceLength, vocabularySize, shardBytes, compression = 'none' } = options;
  const store = openStore(address);
  const tokenizer = openTokenizer(tinyTokenizer(), 'synthetic');
  const random = new KeyedRandom();
  const write = async (split: Split, sequences: number) => {
    const dtype = vocabularySize > 1 << 16 ? 'uint32' : 'uint16';
    const writer = new MdsWriter(store, splitPrefix(split), { dtype, compression, shardBytes });
    let tokens = 0;
    for (let i = 0; i < sequences; i++) {
      random.key(i, 0, 0, 0);
      const length = i % 8 === 7 ? 3 + random.below(sequenceLength - 2) : sequenceLength;
      const sequence = new Uint32Array(length).map(() => 5 + Math.floor(random.uniform() ** 3 * (vocabularySize - 5)));
      sequence[0] = tokenizer.special.cls;
      sequence[1] = 5 + (i % (vocabularySize - 5));
      sequence[length - 1] = tokenizer.special.sep;
      if (writer.isFull(length)) await writer.flush();
      writer.add(sequence);
      tokens += length;
    }
    await writer.finish();
    return { shards: writer.shards, size: { sequences, tokens, documents: sequences } };
  };
  const validation = await write('validation', options.validation ?? 0);
  const train = await write('train', options.train);
  const manifest: CorpusManifest = {
    format: 'orestes.corpus/1',
    sequenceLength,
    vocabularySize,
    special: tokenizer.special,
    specialIds: tokenizer.specialIds,
    splits: { train: train.size, validation: validation.size },
    dropped: { shortChunks: 0, emptyDocuments: 0 },
    tokenizer: tokenizer.sha256,
    digest: corpusDigest([...train.shards, ...validation.shards]),
    input: [],
  };
  await store.put(TOKENIZER, tokenizer.json);
  await store.put(MANIFEST, Buffer.from(JSON.stringify(manifest)));
  return manifest;
}
