import { sha256 } from '@orestes/contracts';
import type { ObjectStore } from '@orestes/storage';
import { loadZstd, zstdCompress } from '../zstd.js';
import { pythonJson, type FileEntry, type ShardEntry } from './index-file.js';

export interface MdsOptions {
  /** Bytes per id. */
  dtype: 'uint16' | 'uint32';
  compression: 'none' | 'zstd';
  /** Largest size of a shard before compression. */
  shardBytes: number;
}

/**
 * Writes token sequences as MosaicML Streaming's MDSWriter does (format v2): column `tokens`, an ndarray of fixed type and
 * free length, with SHA-256 hashes. The same bytes: shards open in that library, and the other way round.
 */
export class MdsWriter {
  readonly shards: ShardEntry[] = [];
  private samples: Uint8Array[] = [];
  private readonly config;
  private readonly header: Buffer;
  private size: number;

  /** @param prefix folder of the split inside the store, with its closing slash */
  constructor(
    private readonly store: ObjectStore,
    private readonly prefix: string,
    private readonly options: MdsOptions,
  ) {
    this.config = {
      version: 2 as const,
      format: 'mds' as const,
      compression: options.compression === 'none' ? null : options.compression,
      hashes: ['sha256'],
      size_limit: options.shardBytes,
      column_names: ['tokens'],
      column_encodings: [`ndarray:${options.dtype}`],
      column_sizes: [null],
    };
    this.header = Buffer.from(pythonJson(this.config));
    this.size = this.emptySize();
  }

  /** True when the next sequence of this many tokens makes a shard too large: flush() first. */
  isFull(tokens: number): boolean {
    const bytes = encodedBytes(tokens, this.options.dtype) + 4;
    return this.samples.length > 0 && this.size + bytes > this.options.shardBytes;
  }

  add(sequence: Uint32Array): void {
    const sample = encodeSample(sequence, this.options.dtype);
    this.samples.push(sample);
    this.size += sample.length + 4;
  }

  /** Writes the sequences so far as one shard. */
  async flush(): Promise<void> {
    if (this.samples.length === 0) return;
    const raw = encodeShard(this.samples, this.header);
    const name = `shard.${String(this.shards.length).padStart(5, '0')}.mds`;
    const zip = await this.compressed(raw);
    const zipEntry = zip && fileEntry(`${name}.zstd`, zip);
    await this.store.put(`${this.prefix}${zipEntry?.basename ?? name}`, zip ?? raw);
    const entry = { samples: this.samples.length, raw_data: fileEntry(name, raw), zip_data: zipEntry };
    this.shards.push({ ...entry, ...this.config });
    this.samples = [];
    this.size = this.emptySize();
  }

  /** Writes the last shard and index.json. */
  async finish(): Promise<void> {
    await this.flush();
    await this.store.put(`${this.prefix}index.json`, Buffer.from(pythonJson({ version: 2, shards: this.shards })));
  }

  private emptySize(): number {
    return 4 + 4 + this.header.length;
  }

  private async compressed(raw: Uint8Array): Promise<Uint8Array | null> {
    if (this.options.compression === 'none') return null;
    await loadZstd();
    return zstdCompress(raw);
  }
}

const fileEntry = (basename: string, content: Uint8Array): FileEntry => ({
  basename,
  bytes: content.length,
  hashes: { sha256: sha256(content) },
});

const widths = { uint16: 2, uint32: 4 };

/** Size of the length that precedes the values: the smallest unsigned integer that holds it. */
const lengthCode = (tokens: number) => (tokens < 1 << 8 ? 0 : tokens < 1 << 16 ? 1 : 2);

const encodedBytes = (tokens: number, dtype: MdsOptions['dtype']) =>
  4 + 1 + (1 << lengthCode(tokens)) + tokens * widths[dtype];

/** [uint32 size of what follows][ndim << 2 | length code][length][values], little-endian. */
function encodeSample(tokens: Uint32Array, dtype: MdsOptions['dtype']): Uint8Array {
  const width = widths[dtype];
  const sample = Buffer.allocUnsafe(encodedBytes(tokens.length, dtype));
  const code = lengthCode(tokens.length);
  sample.writeUInt32LE(sample.length - 4, 0);
  sample[4] = (1 << 2) | code;
  sample.writeUIntLE(tokens.length, 5, 1 << code);
  let at = 5 + (1 << code);
  for (const token of tokens) {
    sample.writeUIntLE(token, at, width);
    at += width;
  }
  return sample;
}

/** [uint32 samples][uint32 offset of each sample, and of the end][config as JSON][samples]. */
function encodeShard(samples: readonly Uint8Array[], header: Uint8Array): Uint8Array {
  const table = Buffer.allocUnsafe(4 * (samples.length + 2));
  table.writeUInt32LE(samples.length, 0);
  let offset = table.length + header.length;
  samples.forEach((sample, i) => {
    table.writeUInt32LE(offset, 4 * (i + 1));
    offset += sample.length;
  });
  table.writeUInt32LE(offset, 4 * (samples.length + 1));
  return Buffer.concat([table, header, ...samples]);
}
