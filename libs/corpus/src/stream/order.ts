import { KeyedRandom, shuffle, USES } from './random.js';

/** Shards of one block are shuffled together, and are in memory together. */
const BLOCK_BYTES = 1 << 27;

/** What the order needs to know of a shard. */
export interface ShardSize {
  samples: number;
  bytes: number;
}

/** Consecutive places of an epoch whose samples come, mixed, from a few shards. */
export interface Block {
  /** Identifies it over all epochs. */
  epoch: number;
  index: number;
  /** Place in the epoch of its first sample. */
  start: number;
  samples: number;
  /** Indices of its shards. */
  shards: readonly number[];
}

/**
 * The order of samples: a function of (seed, epoch) alone. The shards are shuffled, cut into blocks of about 128 MiB, and
 * the samples of each block are shuffled. So any place can be found without reading what lies before it, and a reader
 * holds the shards of one or two blocks.
 */
export class SampleOrder {
  /** Samples of an epoch. */
  readonly samples: number;
  /** Sample id of each shard's first sample: samples are numbered through the shards in the index's order. */
  readonly bases: readonly number[];
  private readonly random = new KeyedRandom();
  private epoch = -1;
  private blocks: Block[] = [];

  constructor(
    private readonly shards: readonly ShardSize[],
    private readonly seed: number,
    private readonly blockBytes = BLOCK_BYTES,
  ) {
    let samples = 0;
    this.bases = shards.map((shard) => (samples += shard.samples) - shard.samples);
    this.samples = samples;
  }

  /** The blocks of an epoch, in order. Those of the last epoch asked for are kept. */
  blocksOf(epoch: number): readonly Block[] {
    if (epoch !== this.epoch) this.blocks = this.cut(epoch);
    this.epoch = epoch;
    return this.blocks;
  }

  /** The block that holds a place of the stream; places go on through all epochs. */
  blockAt(place: number): Block {
    const epoch = Math.floor(place / this.samples);
    const blocks = this.blocksOf(epoch);
    const within = place - epoch * this.samples;
    let low = 0;
    for (let high = blocks.length - 1; low < high;) {
      const middle = (low + high + 1) >> 1;
      if (blocks[middle]!.start <= within) low = middle;
      else high = middle - 1;
    }
    return blocks[low]!;
  }

  /** Sample ids of a block, in order. */
  samplesOf({ epoch, index, samples, shards }: Block): Uint32Array {
    const ids = new Uint32Array(samples);
    let at = 0;
    for (const shard of shards)
      for (let i = 0; i < this.shards[shard]!.samples; i++) ids[at++] = this.bases[shard]! + i;
    shuffle(ids, this.random.key(this.seed, epoch, index, USES.samples));
    return ids;
  }

  private cut(epoch: number): Block[] {
    const order = Uint32Array.from(this.shards.keys());
    shuffle(order, this.random.key(this.seed, epoch, 0, USES.shards));
    const blocks: Block[] = [];
    let shards: number[] = [];
    let start = 0;
    let samples = 0;
    let bytes = 0;
    const close = () => {
      if (samples > 0) blocks.push({ epoch, index: blocks.length, start, samples, shards });
      start += samples;
      shards = [];
      samples = bytes = 0;
    };
    for (const shard of order) {
      const size = this.shards[shard]!;
      if (bytes > 0 && bytes + size.bytes > this.blockBytes) close();
      shards.push(shard);
      samples += size.samples;
      bytes += size.bytes;
    }
    close();
    return blocks;
  }
}
