import { Decompress } from 'fzstd';
import xxhash from 'xxhash-wasm';
import type { ExpansionGuard } from './decompress.js';

const FRAME = 0xfd2fb528;
const SKIPPABLE = 0x184d2a5;
const PIECE = 1 << 16;

/**
 * What Zstandard frames hold, one after the other (RFC 8878, section 3.1). fzstd passes over their checksums, so it is
 * given the frames block by block, and what comes out is hashed here. A block grows to 2 MiB at most.
 * @throws Error that says what is wrong
 */
export async function* unzstd(source: AsyncIterable<Uint8Array>, guard: ExpansionGuard): AsyncGenerator<Uint8Array> {
  const hashes = await xxhash();
  const input = new Input(source, guard);
  try {
    while (!(await input.isAtEnd())) {
      const magic = await input.take(4);
      if (magic.readUInt32LE() === FRAME) yield* frame(magic, input, guard, hashes.create64());
      else if (magic.readUInt32LE() >>> 4 === SKIPPABLE) await input.skip((await input.take(4)).readUInt32LE());
      else throw new Error('invalid zstd data');
    }
  } finally {
    await input.close();
  }
}

type Hash = ReturnType<Awaited<ReturnType<typeof xxhash>>['create64']>;

async function* frame(magic: Buffer, input: Input, guard: ExpansionGuard, hash: Hash): AsyncGenerator<Uint8Array> {
  let output: Uint8Array[] = [];
  const stream = new Decompress((chunk) => {
    guard.expanded(chunk.length);
    hash.update(chunk);
    output.push(chunk);
  });
  const descriptor = await input.take(1);
  const hasChecksum = (descriptor[0]! & 4) !== 0;
  stream.push(Buffer.concat([magic, descriptor, await input.take(headerRest(descriptor[0]!))]));
  let checksum: Buffer = Buffer.alloc(0);
  for (let last = false; !last;) {
    const head = await input.take(3);
    const [type, bytes] = [(head[0]! >> 1) & 3, head.readUIntLE(0, 3) >> 3];
    last = (head[0]! & 1) === 1;
    const block = await input.take(type === 1 ? 1 : bytes); // of type 1 one byte is there, to be repeated
    if (last && hasChecksum) checksum = await input.take(4);
    stream.push(Buffer.concat([head, block, checksum]), last);
    yield* output;
    output = [];
  }
  if (hasChecksum && Number(hash.digest() & 0xffffffffn) !== checksum.readUInt32LE())
    throw new Error('its content is not that of its checksum');
}

/** Bytes of a frame's header behind the descriptor: window, dictionary's id, size of the content. */
function headerRest(descriptor: number): number {
  const singleSegment = (descriptor >> 5) & 1;
  return 1 - singleSegment + [0, 1, 2, 4][descriptor & 3]! + [singleSegment, 2, 4, 8][descriptor >> 6]!;
}

/** Takes as many bytes as are wanted, however they come. */
class Input {
  private readonly pieces: AsyncIterator<Uint8Array>;
  private rest: Buffer = Buffer.alloc(0);

  constructor(
    source: AsyncIterable<Uint8Array>,
    private readonly guard: ExpansionGuard,
  ) {
    this.pieces = source[Symbol.asyncIterator]();
  }

  async isAtEnd(): Promise<boolean> {
    while (this.rest.length === 0) if (!(await this.more())) return true;
    return false;
  }

  async take(bytes: number): Promise<Buffer> {
    while (this.rest.length < bytes) if (!(await this.more())) throw new Error('unexpected EOF');
    const taken = this.rest.subarray(0, bytes);
    this.rest = this.rest.subarray(bytes);
    this.guard.compressed(bytes);
    return taken;
  }

  async skip(bytes: number): Promise<void> {
    for (let left = bytes; left > 0; left -= PIECE) await this.take(Math.min(left, PIECE));
  }

  async close(): Promise<void> {
    await this.pieces.return?.();
  }

  private async more(): Promise<boolean> {
    const piece = await this.pieces.next();
    if (piece.done === true) return false;
    this.rest = Buffer.concat([this.rest, piece.value]);
    return true;
  }
}
