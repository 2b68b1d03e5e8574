import type { ObjectStore } from '@orestes/storage';
import type { ShardEntry } from '../mds/index-file.js';
import { readShard } from '../mds/read-shard.js';
import type { Shard } from '../mds/shard.js';
import { Slots } from '../slots.js';
import type { Block, SampleOrder } from './order.js';

/** The shards that are in memory: those of the block in use, and those of the next one, which load meanwhile. */
export class ShardWindow {
  private readonly loading = new Map<number, Promise<Shard>>();
  private readonly loaded = new Map<number, Shard>();
  private readonly slots = new Slots();

  constructor(
    private readonly store: ObjectStore,
    private readonly prefix: string,
    private readonly entries: readonly ShardEntry[],
    private readonly order: SampleOrder,
  ) {}

  /**
   * Waits for the shards of a block and begins to load those of the next.
   * @param next the block after it, if there is one
   * @throws OrestesError SHARD_* and what the store throws
   */
  async moveTo(block: Block, next: Block | null): Promise<void> {
    const wanted = new Set([...block.shards, ...(next?.shards ?? [])]);
    for (const shard of this.loading.keys()) if (!wanted.has(shard)) this.drop(shard);
    await Promise.all(block.shards.map((shard) => this.load(shard)));
    for (const shard of next?.shards ?? []) void this.load(shard);
  }

  /** The shard that holds a sample of the current block, and the sample's place in it. */
  shardOf(sampleId: number): number {
    const { bases } = this.order;
    let low = 0;
    for (let high = bases.length - 1; low < high;) {
      const middle = (low + high + 1) >> 1;
      if (bases[middle]! <= sampleId) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  /** @param index of a shard in the current block */
  get(index: number): Shard {
    return this.loaded.get(index)!;
  }

  private load(shard: number): Promise<Shard> {
    const known = this.loading.get(shard);
    if (known) return known;
    const read = () => readShard(this.store, this.prefix, this.entries[shard]!);
    const promise = this.slots.run(read).then((content) => {
      if (this.loading.get(shard) === promise) this.loaded.set(shard, content);
      return content;
    });
    // Thrown where the block is moved to; until then it is no unhandled rejection.
    promise.catch(() => {});
    this.loading.set(shard, promise);
    return promise;
  }

  private drop(shard: number): void {
    this.loading.delete(shard);
    this.loaded.delete(shard);
  }
}
