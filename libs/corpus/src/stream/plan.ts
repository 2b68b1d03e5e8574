import { UserError, type Masking } from '@orestes/contracts';
import type { ShardEntry } from '../mds/index-file.js';
import type { MaskVocabulary } from './masking.js';

export interface StreamOptions {
  split: 'train' | 'validation';
  /** Of the order and the masks. Unsigned 32 bits. */
  seed: number;
  /** Sequences that were consumed before, by all readers together; default 0. */
  position?: number;
  /** Sequences of a batch, over all readers. */
  batchSize: number;
  /** S: tokens of a row. At least the longest sequence of the corpus. */
  sequenceLength: number;
  masking: Masking;
  /** This reader takes the `index`-th of `count` equal parts of every batch; default the whole. */
  readers?: { index: number; count: number };
  /** true: epoch after epoch, batches reaching over their ends. false: one epoch, the last batch filled up with empty rows. */
  repeat: boolean;
  /** Batches made ahead of their use; default 4. */
  prefetch?: number;
  /** Read in a thread of its own (where it can be started), or in this one; default true. */
  worker?: boolean;
}

/** All that a reader needs besides the store; plain values, so that it can be sent to a thread. */
export interface StreamPlan {
  /** Folder of the split in the store. */
  prefix: string;
  shards: ShardEntry[];
  vocabulary: MaskVocabulary & { pad: number };
  seed: number;
  position: number;
  batchSize: number;
  sequenceLength: number;
  masking: Masking;
  readers: { index: number; count: number };
  repeat: boolean;
  prefetch: number;
}

/** @throws UserError STREAM_OPTIONS naming the option that is wrong and what is allowed */
export function checkOptions(options: StreamOptions): void {
  const { seed, batchSize, sequenceLength, position = 0, readers = { index: 0, count: 1 }, prefetch = 4 } = options;
  const refuse = (name: string, value: number, allowed: string) => {
    throw new UserError('STREAM_OPTIONS', `${name}: ${value} is not allowed (allowed: ${allowed})`);
  };
  const whole = (name: string, value: number, least: number, most: number) => {
    if (!Number.isSafeInteger(value) || value < least || value > most)
      refuse(name, value, `whole, ${least} to ${most}`);
  };
  whole('seed', seed, 0, 0xffffffff);
  whole('position', position, 0, Number.MAX_SAFE_INTEGER);
  whole('batchSize', batchSize, 1, 1 << 24);
  whole('sequenceLength', sequenceLength, 1, 1 << 20);
  whole('readers.count', readers.count, 1, batchSize);
  whole('readers.index', readers.index, 0, readers.count - 1);
  whole('prefetch', prefetch, 1, 1024);
  if (batchSize % readers.count !== 0) refuse('batchSize', batchSize, `a multiple of the ${readers.count} readers`);
}
