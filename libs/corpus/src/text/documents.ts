import { OrestesError, UserError } from '@orestes/contracts';
import { parseAddress } from '@orestes/storage';
import { decompressors, ExpansionGuard } from './decompress.js';
import { type Line, readLines } from './lines.js';
import type { TextSource } from './source.js';

/** A piece of a document: passages with the same number are one document, in order. */
export interface Passage {
  text: string;
  /** Of the file's documents, from 0. A document without text is one empty passage. */
  document: number;
}

type Parser = (lines: AsyncIterable<Line[]>, address: string) => AsyncGenerator<Passage[]>;

const parsers = { txt: plainText, jsonl: jsonLines } satisfies Record<string, Parser>;
const ALLOWED = 'allowed: .txt and .jsonl, and these with .gz or .zst';
/** Longer passages are cut at white space before they reach a tokenizer. */
const MAX_PASSAGE = 1 << 20;

/** @throws UserError ADDRESS_INVALID; INPUT_FORMAT when the name's ending is not known */
export function checkFormat(address: string): void {
  parseAddress(address); // before it is repeated in a message: it may hold credentials
  formatOf(address);
}

/**
 * Documents of a text file, in order, in bounded memory.
 * @param onRead called with stored bytes as they are read
 * @param onHash called at the end with the file's SHA-256
 * @throws UserError INPUT_FORMAT, INPUT_DAMAGED, INPUT_EXPANDS_TOO_FAR, TEXT_NOT_UTF8, TEXT_LINE_TOO_LONG, JSONL_INVALID
 */
export async function* readDocuments(
  source: TextSource,
  onRead?: (bytes: number) => void,
  onHash?: (sha256: string) => void,
): AsyncGenerator<Passage[]> {
  const { parse, decompress } = formatOf(source.address);
  const stored = source.read(onRead, onHash);
  const bytes = decompress ? named(decompress(stored, new ExpansionGuard(source.address)), source.address) : stored;
  yield* parse(readLines(bytes, source.address), source.address);
}

function formatOf(address: string) {
  const name = address.split(/[?#]/)[0]!.toLowerCase();
  const match = /\.(txt|jsonl)(?:\.(gz|zst))?$/.exec(name);
  if (!match) throw new UserError('INPUT_FORMAT', `${address}: not a text file by its name (${ALLOWED})`);
  const decompress = match[2] === undefined ? undefined : decompressors[match[2] as keyof typeof decompressors];
  return { parse: parsers[match[1] as keyof typeof parsers], decompress };
}

/** What a decompressor finds wrong is said of the file. */
async function* named(bytes: AsyncIterable<Uint8Array>, address: string): AsyncGenerator<Uint8Array> {
  try {
    yield* bytes;
  } catch (error) {
    if (error instanceof OrestesError) throw error;
    const why = error instanceof Error ? error.message : String(error);
    throw new UserError('INPUT_DAMAGED', `${address}: cannot be decompressed: ${why}`, { cause: error });
  }
}

/** A blank line ends a document; the lines of a document are its passages. */
async function* plainText(lines: AsyncIterable<Line[]>): AsyncGenerator<Passage[]> {
  let document = 0;
  let started = false;
  for await (const some of lines) {
    const passages: Passage[] = [];
    for (const { text } of some) {
      const blank = text.trim() === '';
      if (blank && started) document++;
      started = !blank;
      if (!blank) passages.push(...cut(text, document));
    }
    if (passages.length) yield passages;
  }
}

/** Each line an object with a string `text`; other fields are ignored, blank lines too. */
async function* jsonLines(lines: AsyncIterable<Line[]>, address: string): AsyncGenerator<Passage[]> {
  let document = 0;
  for await (const some of lines) {
    const passages: Passage[] = [];
    for (const line of some) {
      if (line.text.trim() === '') continue;
      const texts = textOf(line, address)
        .split(/\r?\n/)
        .filter((text) => text.trim() !== '');
      for (const text of texts.length ? texts : ['']) passages.push(...cut(text, document));
      document++;
    }
    if (passages.length) yield passages;
  }
}

function textOf({ text, number }: Line, address: string): string {
  const fail = (why: string) => new UserError('JSONL_INVALID', `${address}: line ${number}: ${why}`);
  const row = parseJson(text, fail);
  if (row === null || typeof row !== 'object' || Array.isArray(row)) throw fail('is not a JSON object');
  const value = (row as Record<string, unknown>)['text'];
  if (typeof value !== 'string') throw fail(value === undefined ? 'has no field text' : 'text is not a string');
  if (/\p{Surrogate}/u.test(value)) throw fail('text has an unpaired surrogate, which no UTF-8 can hold');
  return value;
}

function parseJson(text: string, fail: (why: string) => UserError): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const shown = text.length > 60 ? `${text.slice(0, 57)}...` : text;
    throw Object.assign(fail(`is not JSON: ${shown}`), { cause: error });
  }
}

/** A text in passages of bounded length, cut before white space where there is some. */
function* cut(text: string, document: number): Generator<Passage> {
  let start = 0;
  while (text.length - start > MAX_PASSAGE) {
    const end = cutBefore(text, start, start + MAX_PASSAGE);
    yield { text: text.slice(start, end), document };
    start = end;
  }
  yield { text: start === 0 ? text : text.slice(start), document };
}

function cutBefore(text: string, start: number, limit: number): number {
  for (let at = limit; at > start + MAX_PASSAGE / 2; at--) if (/\s/.test(text[at]!)) return at;
  const splitsPair = text.charCodeAt(limit) >= 0xdc00 && text.charCodeAt(limit) < 0xe000;
  return splitsPair ? limit - 1 : limit;
}
