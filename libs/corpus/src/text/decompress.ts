import { pipeline, Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { UserError } from '@orestes/contracts';
import { unzstd } from './unzstd.js';

type Bytes = AsyncIterable<Uint8Array>;
type Decompressor = (source: Bytes, guard: ExpansionGuard) => AsyncGenerator<Uint8Array>;

/** Text shrinks 3 to 20 times; what grows further than this is a bomb or no text. */
const MAX_RATIO = 200;
/** Below this size a ratio says nothing. */
const ALWAYS_ALLOWED = 1 << 26;

/** Refuses compressed files that grow out of proportion, while they are read. */
export class ExpansionGuard {
  private read = 0;
  private written = 0;

  constructor(
    private readonly address: string,
    private readonly always = ALWAYS_ALLOWED,
  ) {}

  compressed(bytes: number): void {
    this.read += bytes;
  }

  /** @throws UserError INPUT_EXPANDS_TOO_FAR */
  expanded(bytes: number): void {
    this.written += bytes;
    if (this.written > this.always && this.written > MAX_RATIO * this.read)
      throw new UserError(
        'INPUT_EXPANDS_TOO_FAR',
        `${this.address}: ${this.read} compressed bytes became ${this.written} (allowed: ${MAX_RATIO} times the compressed size); decompress it first if it is text all the same`,
      );
  }
}

/** By the ending of the file's name, in lower case. */
export const decompressors = { gz: gunzip, zst: unzstd } satisfies Record<string, Decompressor>;

/** Members one after the other are read as one file, as gzip does. */
async function* gunzip(source: Bytes, guard: ExpansionGuard): AsyncGenerator<Uint8Array> {
  const counted = async function* () {
    for await (const chunk of source) {
      guard.compressed(chunk.length);
      yield chunk;
    }
  };
  const output = createGunzip({ chunkSize: 1 << 18 });
  pipeline(Readable.from(counted()), output, () => {
    // The reader of `output` sees the same error.
  });
  for await (const chunk of output as AsyncIterable<Buffer>) {
    guard.expanded(chunk.length);
    yield chunk;
  }
}
