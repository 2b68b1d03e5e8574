import { readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { sha256 } from '@orestes/contracts';
import { collect, failureOf, testFolder } from '../testing/folder.js';
import { loadZstd, zstdCompress } from '../zstd.js';
import { checkFormat, readDocuments, TextSource } from './index.js';
import { readLines } from './lines.js';

const folder = testFolder();
beforeAll(loadZstd);

async function documentsOf(name: string, content: string | Uint8Array): Promise<string[][]> {
  const path = join(folder, name);
  writeFileSync(path, content);
  const documents: string[][] = [];
  for (const { text, document } of (await collect(readDocuments(await TextSource.open(path)))).flat())
    (documents[document] ??= []).push(text);
  return documents;
}

const bytes = (...parts: (string | number[])[]) =>
  Buffer.concat(parts.map((p) => (typeof p === 'string' ? Buffer.from(p) : Buffer.from(p))));
const row = (text: string) => `${JSON.stringify({ text, id: 7 })}\n`;
const BOM = '\ufeff';
/** `printf 'one\n\ntwo, two, two, two, two, two\n' | zstd | base64`, by zstd 1.5.4: a frame with a checksum. */
const CHECKED = Buffer.from('KLUv/QRYjQAAWG9uZQoKdHdvLCAKAQCoCxKELvBv', 'base64');
const flipped = (content: Buffer, at: number) => content.map((byte, i) => (i === at ? byte ^ 1 : byte));

describe('text files', () => {
  it.each<[string, string, string | Uint8Array, string[][]]>([
    ['lines and a blank line', 'a.txt', 'one\ntwo\n\nthree\n', [['one', 'two'], ['three']]],
    ['many blank lines, at the ends too', 'b.txt', '\n\n one\n\n \t\n\ntwo\n\n\n', [[' one'], ['two']]],
    ['no blank line and no last line feed', 'c.txt', 'one\ntwo', [['one', 'two']]],
    ['CRLF', 'd.txt', 'one\r\ntwo\r\n\r\nthree\r\n', [['one', 'two'], ['three']]],
    ['a byte order mark', 'e.txt', `${BOM}one\n\n${BOM}two`, [['one'], [`${BOM}two`]]],
    ['nothing', 'f.txt', '', []],
    ['a NUL and emoji', 'g.txt', 'a\0b 🦊\n\nü', [['a\0b 🦊'], ['ü']]],
    ['JSON lines', 'h.jsonl', row('one\ntwo') + '\n' + row('three'), [['one', 'two'], ['three']]],
    ['JSON lines without text', 'i.jsonl', row('') + row('x') + row(' \n'), [[''], ['x'], ['']]],
    [
      'JSON lines with CRLF and BOM',
      'j.jsonl',
      BOM + row('one').replace('\n', '\r\n') + row('two'),
      [['one'], ['two']],
    ],
    ['gzip', 'k.txt.gz', gzipSync('one\n\ntwo'), [['one'], ['two']]],
    ['gzip of two members', 'l.txt.gz', bytes([...gzipSync('one\n')], [...gzipSync('\ntwo')]), [['one'], ['two']]],
    ['gzip in capitals', 'M.JSONL.GZ', gzipSync(row('one')), [['one']]],
  ])('%s', async (_, name, content, expected) => {
    expect(await documentsOf(name, content)).toEqual(expected);
  });

  it('reads Zstandard, frames one after the other', async () => {
    const frames = [...zstdCompress(Buffer.from('one\n')), ...zstdCompress(Buffer.from('\ntwo'))];
    expect(await documentsOf('n.txt.zst', Buffer.from(frames))).toEqual([['one'], ['two']]);
  });

  it('reads Zstandard with checksums, and passes over skippable frames', async () => {
    const skippable = [0x53, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3];
    expect(await documentsOf('checked.txt.zst', bytes(skippable, [...CHECKED], skippable, [...CHECKED]))).toEqual([
      ['one'],
      ['two, two, two, two, two, two', 'one'],
      ['two, two, two, two, two, two'],
    ]);
  });

  it('reads what is larger than its pieces, and hashes what is stored', async () => {
    const lines = Array.from({ length: 9_000 }, (_, i) => `line ${i} ${'ä'.repeat(i % 700)}`);
    const path = join(folder, 'large.txt');
    writeFileSync(path, lines.join('\n'));
    let hash = '';
    let read = 0;
    const source = await TextSource.open(path);
    const passages = await collect(
      readDocuments(
        source,
        (n) => (read += n),
        (sha256) => (hash = sha256),
      ),
    );
    expect(passages.flat().map((p) => p.text)).toEqual(lines);
    expect(read).toBe(source.bytes);
    expect(read).toBeGreaterThan(1 << 22);
    expect(hash).toBe(sha256(readFileSync(path)));
  });

  it('cuts a long line at white space, losing nothing', async () => {
    const text = 'word '.repeat(700_000);
    const [passages] = await documentsOf('long.txt', text);
    expect(passages!.length).toBeGreaterThan(2);
    expect(passages!.join('')).toBe(text);
    for (const passage of passages!.slice(1)) expect(passage[0]).toBe(' ');
  });

  it('does not cut an emoji in two', async () => {
    const text = `a${'🦊'.repeat(1_200_000)}`;
    const [passages] = await documentsOf('foxes.txt', text);
    expect(passages!.join('')).toBe(text);
    expect(passages!.filter((p) => /\p{Surrogate}/u.test(p))).toEqual([]);
  });
});

/** Lines that compress 500 times and more. */
const bomb = () => Buffer.alloc(100 << 20, `${'0'.repeat(4095)}\n`);

describe('bad text files', () => {
  it.each<[string, string, () => string | Uint8Array, string, RegExp]>([
    ['a byte that is not UTF-8', 'a.txt', () => bytes('äb\n', 'x', [0xff], 'y'), 'TEXT_NOT_UTF8', /byte 5 \(line 2\)/],
    ['a character cut off', 'b.txt', () => bytes('abc', [0xe2, 0x82]), 'TEXT_NOT_UTF8', /byte 3 /],
    ['an overlong slash', 'c.txt', () => bytes([0xc0, 0xaf]), 'TEXT_NOT_UTF8', /byte 0 /],
    ['a surrogate', 'd.txt', () => bytes('\n\na', [0xed, 0xa0, 0x80]), 'TEXT_NOT_UTF8', /byte 3 \(line 3\)/],
    ['UTF-16', 'e.txt', () => bytes([0xff, 0xfe, 0x61, 0, 0x0a, 0]), 'TEXT_NOT_UTF8', /UTF-16/],
    [
      'a line without an end',
      'f.txt',
      () => Buffer.alloc((64 << 20) + 1, 'a'),
      'TEXT_LINE_TOO_LONG',
      /line 1 .*67108864/,
    ],
    ['half a row', 'g.jsonl', () => `${row('x')}{"text": "a`, 'JSONL_INVALID', /line 2: is not JSON: \{"text"/],
    ['a row without text', 'h.jsonl', () => `${row('x')}\n{"body": 1}`, 'JSONL_INVALID', /line 3: has no field text/],
    ['a number for text', 'i.jsonl', () => '{"text": 1}', 'JSONL_INVALID', /line 1: text is not a string/],
    ['an array', 'j.jsonl', () => '["a"]', 'JSONL_INVALID', /not a JSON object/],
    ['an unpaired surrogate', 'k.jsonl', () => '{"text": "\\ud83e"}', 'JSONL_INVALID', /unpaired surrogate/],
    ['half a gzip', 'l.txt.gz', () => gzipSync('a'.repeat(999)).subarray(0, 20), 'INPUT_DAMAGED', /unexpected end/],
    ['no gzip', 'm.txt.gz', () => 'plain text', 'INPUT_DAMAGED', /header/],
    ['a gzip bomb', 'n.txt.gz', () => gzipSync(bomb()), 'INPUT_EXPANDS_TOO_FAR', /200 times/],
    [
      'half a Zstandard frame',
      'o.txt.zst',
      () => zstdCompress(Buffer.from('one\ntwo')).subarray(0, 12),
      'INPUT_DAMAGED',
      /EOF/,
    ],
    [
      'a flipped bit in a Zstandard literal',
      'r.txt.zst',
      () => flipped(CHECKED, 11),
      'INPUT_DAMAGED',
      /of its checksum/,
    ],
    [
      'a flipped bit in its checksum',
      's.txt.zst',
      () => flipped(CHECKED, CHECKED.length - 1),
      'INPUT_DAMAGED',
      /checksum/,
    ],
    ['a Zstandard frame without its checksum', 't.txt.zst', () => CHECKED.subarray(0, -4), 'INPUT_DAMAGED', /EOF/],
    ['no Zstandard', 'p.txt.zst', () => 'plain text', 'INPUT_DAMAGED', /invalid zstd/],
    ['a Zstandard bomb', 'q.txt.zst', () => zstdCompress(bomb()), 'INPUT_EXPANDS_TOO_FAR', /200 times/],
  ])('%s', async (_, name, content, code, message) => {
    const error = await failureOf(documentsOf(name, content()));
    expect(error).toMatchObject({ code, exitCode: 2, message: expect.stringMatching(message) });
    expect((error as Error).message).toContain(basename(name));
  });

  it('a file that is not there', async () => {
    const error = await failureOf(TextSource.open(join(folder, 'none.txt')));
    expect(error).toMatchObject({ code: 'INPUT_MISSING', message: expect.stringContaining('none.txt') });
  });

  it('one of many that is not there', async () => {
    writeFileSync(join(folder, 'there.txt'), 'one');
    const addresses = [...new Array<string>(50).fill(join(folder, 'there.txt')), join(folder, 'none.txt')];
    expect(await failureOf(TextSource.openAll(addresses))).toMatchObject({ code: 'INPUT_MISSING' });
    expect((await TextSource.openAll(addresses.slice(0, -1))).map((source) => source.bytes)).toEqual(
      new Array(50).fill(3),
    );
  });

  it('a name that holds credentials, without repeating them', () => {
    expect(() => checkFormat('s3://key:hush@bucket/a.csv')).toThrow(/^s3:\/\/\*\*\*@bucket\/a.csv: credentials do not/);
  });

  it.each(['a.csv', 'a.txt.bz2', 'txt', 'a.gz', 's3://bucket'])('the name %j', (name) => {
    expect(() => checkFormat(name)).toThrow(/allowed: .txt and .jsonl/);
  });

  it.each(['a.txt', 'b/a.JSONL.zst', 's3://bucket/a.txt.gz?region=x'])('not the name %j', (name) => {
    expect(() => checkFormat(name)).not.toThrow();
  });
});

describe('readLines', () => {
  it('gives the same lines however the bytes are cut', async () => {
    const text = Buffer.from('\ufeffone ü\r\n\n🦊\r\rtwo\n');
    const whole = [
      { text: 'one ü', number: 1 },
      { text: '', number: 2 },
      { text: '🦊\r\rtwo', number: 3 },
    ];
    for (let size = 1; size <= text.length; size++) {
      const pieces = Array.from({ length: Math.ceil(text.length / size) }, (_, i) =>
        text.subarray(i * size, (i + 1) * size),
      );
      expect((await collect(readLines(iterate(pieces), 'x'))).flat()).toEqual(whole);
    }
  });
});

// eslint wants an await in an async generator; an array of promises is none.
const iterate = (pieces: Uint8Array[]): AsyncIterable<Uint8Array> => ({
  [Symbol.asyncIterator]: () => {
    const own = pieces[Symbol.iterator]();
    return { next: () => Promise.resolve(own.next()) };
  },
});
