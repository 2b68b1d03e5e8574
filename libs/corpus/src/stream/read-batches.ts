import { OrestesError, UserError } from '@orestes/contracts';
import type { ObjectStore } from '@orestes/storage';
import { copySequence } from '../mds/shard.js';
import { emptyBatch, type PretrainBatch } from './batch.js';
import { Masker } from './masking.js';
import { SampleOrder, type Block } from './order.js';
import type { StreamPlan } from './plan.js';
import { ShardWindow } from './shard-window.js';

/**
 * The batches of a plan, in order, made in this thread. Nothing is read before the first is asked for.
 * @throws OrestesError SHARD_*, CORPUS_INVALID, what the store throws; UserError SEQUENCE_TOO_LONG
 */
export async function* readBatches(store: ObjectStore, plan: StreamPlan): AsyncGenerator<PretrainBatch> {
  const reader = new BatchReader(store, plan);
  const { batchSize, repeat } = plan;
  for (let position = plan.position; repeat || position < reader.samples; position += batchSize)
    yield await reader.read(position);
}

class BatchReader {
  /** Sequences of an epoch. */
  readonly samples: number;
  private readonly order: SampleOrder;
  private readonly window: ShardWindow;
  private readonly masker: Masker;
  private block: Block | null = null;
  /** Sample ids of the block, in order. */
  private ids: Uint32Array = new Uint32Array(0);

  constructor(
    private readonly store: ObjectStore,
    private readonly plan: StreamPlan,
  ) {
    const { shards, seed, prefix, masking, vocabulary, sequenceLength } = plan;
    const sizes = shards.map(({ samples, raw_data }) => ({ samples, bytes: raw_data.bytes }));
    this.order = new SampleOrder(sizes, seed);
    this.samples = this.order.samples;
    this.window = new ShardWindow(store, prefix, shards, this.order);
    this.masker = new Masker(masking, vocabulary, sequenceLength, seed);
  }

  /** @param position sequences before the batch, of all readers */
  async read(position: number): Promise<PretrainBatch> {
    const { batchSize, readers, sequenceLength, masking, repeat, vocabulary } = this.plan;
    const rows = batchSize / readers.count;
    const batch = emptyBatch(rows, sequenceLength, masking.probability, vocabulary.pad);
    const first = position + rows * readers.index;
    const used = repeat ? rows : Math.max(0, Math.min(rows, this.samples - first));
    for (let row = 0; row < used;) row = await this.copyRows(batch, first, row, used);
    batch.masked.set(batch.tokens);
    for (let row = 0; row < used; row++) {
      const epoch = Math.floor((first + row) / this.samples);
      this.masker.maskRow(batch, row, batch.length[row]!, epoch, batch.sampleIds[row]!);
    }
    batch.epoch = Math.floor(position / this.samples);
    batch.samples = repeat ? position + batchSize : Math.min(position + batchSize, this.samples);
    return batch;
  }

  /** Copies the rows from `row` on that lie in one block. @returns the row after them */
  private async copyRows(batch: PretrainBatch, first: number, row: number, used: number): Promise<number> {
    const block = this.order.blockAt(first + row);
    if (block.epoch !== this.block?.epoch || block.index !== this.block.index) await this.enter(block);
    const start = block.epoch * this.samples + block.start;
    const end = Math.min(used, start + block.samples - first);
    for (let r = row; r < end; r++) this.copyRow(batch, r, this.ids[first + r - start]!);
    return end;
  }

  private async enter(block: Block): Promise<void> {
    this.block = null;
    await this.window.moveTo(block, this.blockAfter(block));
    this.ids = this.order.samplesOf(block);
    this.block = block;
  }

  private blockAfter({ epoch, start, samples }: Block): Block | null {
    const place = epoch * this.samples + start + samples;
    return this.plan.repeat || place < this.samples ? this.order.blockAt(place) : null;
  }

  private copyRow(batch: PretrainBatch, row: number, sampleId: number): void {
    const { sequenceLength, vocabulary } = this.plan;
    const index = this.window.shardOf(sampleId);
    const shard = this.window.get(index);
    const sample = sampleId - this.order.bases[index]!;
    if (shard.counts[sample]! > sequenceLength) throw this.tooLong(index, shard.counts[sample]!);
    const length = copySequence(shard, sample, batch.tokens, row * sequenceLength, vocabulary.size);
    if (length < 0) throw this.outsideVocabulary(index, sample);
    batch.length[row] = length;
    batch.sampleIds[row] = sampleId;
  }

  private tooLong(shard: number, tokens: number): UserError {
    return new UserError(
      'SEQUENCE_TOO_LONG',
      `${this.nameOf(shard)}: has a sequence of ${tokens} tokens; sequenceLength is ${this.plan.sequenceLength} (allowed: the corpus's or more)`,
    );
  }

  private outsideVocabulary(shard: number, sample: number): OrestesError {
    return new OrestesError(
      'CORPUS_INVALID',
      `${this.nameOf(shard)}: sequence ${sample} has an id that the tokenizer has not (allowed: below ${this.plan.vocabulary.size}); is this its tokenizer?`,
    );
  }

  private nameOf(shard: number): string {
    return `shard ${this.plan.prefix}${this.plan.shards[shard]!.raw_data.basename} in ${this.store.address}`;
  }
}
