import { isUtf8 } from 'node:buffer';
import { UserError } from '@orestes/contracts';

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;

/** Longest line that is read: what must fit into memory several times over. */
export const MAX_LINE_BYTES = 1 << 26;

export interface Line {
  text: string;
  /** Counted from 1. */
  number: number;
}

/**
 * Splits UTF-8 text into lines, without LF, CRLF or a byte order mark at the beginning. Holds one line and one chunk at
 * a time.
 * @param address names the file in messages
 * @returns the lines of each chunk that ends some
 * @throws UserError TEXT_NOT_UTF8 (with the byte's offset), TEXT_LINE_TOO_LONG
 */
export async function* readLines(
  chunks: AsyncIterable<Uint8Array>,
  address: string,
  maxLineBytes = MAX_LINE_BYTES,
): AsyncGenerator<Line[]> {
  const splitter = new LineSplitter(address, maxLineBytes);
  for await (const chunk of chunks) {
    const lines = splitter.split(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength));
    if (lines.length) yield lines;
  }
  const last = splitter.end();
  if (last.length) yield last;
}

class LineSplitter {
  /** Of the line that is not at its end yet. */
  private pending: Buffer[] = [];
  private pendingBytes = 0;
  private lines = 0;
  /** Offset in the text of the line that is being read. */
  private offset = 0;

  constructor(
    private readonly address: string,
    private readonly maxLineBytes: number,
  ) {}

  split(chunk: Buffer): Line[] {
    const lines: Line[] = [];
    let start = 0;
    for (let end; (end = chunk.indexOf(LINE_FEED, start)) >= 0; start = end + 1) {
      this.hold(chunk.subarray(start, end));
      lines.push(this.line(1));
    }
    if (start < chunk.length) this.hold(chunk.subarray(start));
    return lines;
  }

  end(): Line[] {
    return this.pendingBytes > 0 ? [this.line(0)] : [];
  }

  private hold(part: Buffer): void {
    this.pendingBytes += part.length;
    if (this.pendingBytes > this.maxLineBytes)
      throw new UserError(
        'TEXT_LINE_TOO_LONG',
        `${this.address}: line ${this.lines + 1} is longer than ${this.maxLineBytes} bytes; break it up`,
      );
    this.pending.push(part);
  }

  private line(terminator: number): Line {
    const whole = this.pending.length === 1 ? this.pending[0]! : Buffer.concat(this.pending);
    this.pending = [];
    if (!isUtf8(whole)) throw this.notUtf8(whole);
    const line = { text: this.textOf(whole), number: ++this.lines };
    this.offset += this.pendingBytes + terminator;
    this.pendingBytes = 0;
    return line;
  }

  private textOf(line: Buffer): string {
    const bom = this.lines === 0 && line.length >= 3 && line[0] === 0xef && line[1] === 0xbb && line[2] === 0xbf;
    const end = line[line.length - 1] === CARRIAGE_RETURN ? line.length - 1 : line.length;
    return line.toString('utf8', bom ? 3 : 0, end);
  }

  private notUtf8(line: Buffer): UserError {
    const offset = this.offset + validPrefix(line);
    const utf16 =
      this.lines === 0 && ((line[0] === 0xff && line[1] === 0xfe) || (line[0] === 0xfe && line[1] === 0xff));
    return new UserError(
      'TEXT_NOT_UTF8',
      `${this.address}: byte ${offset} (line ${this.lines + 1}) is not UTF-8${utf16 ? ', it looks like UTF-16' : ''}; text must be UTF-8`,
    );
  }
}

/** Length in bytes of the longest beginning that is UTF-8, of bytes that are not. */
function validPrefix(bytes: Buffer): number {
  // Binary search would test a cut inside a character, so lead bytes are followed one by one.
  let at = 0;
  while (at < bytes.length) {
    const size = characterBytes(bytes[at]!);
    if (size === 0 || !isUtf8(bytes.subarray(at, at + size))) return at;
    at += size;
  }
  return at;
}

const characterBytes = (lead: number) =>
  lead < 0x80
    ? 1
    : lead >= 0xc2 && lead < 0xe0
      ? 2
      : lead >= 0xe0 && lead < 0xf0
        ? 3
        : lead >= 0xf0 && lead < 0xf5
          ? 4
          : 0;
