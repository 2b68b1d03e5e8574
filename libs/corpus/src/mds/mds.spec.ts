import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { sha256 } from '@orestes/contracts';
import { FileStore } from '@orestes/storage';
import { failureOf, testFolder } from '../testing/folder.js';
import { loadZstd, zstdCompress } from '../zstd.js';
import { parseIndex, pythonJson, type ShardEntry } from './index-file.js';
import { checkShard, readShard } from './read-shard.js';
import { copySequence } from './shard.js';
import { MdsWriter } from './writer.js';

/** Written by MosaicML Streaming; see its make.py. */
const fixtures = join(__dirname, '../../../../test/fixtures/mds');
const expected = JSON.parse(readFileSync(join(fixtures, 'expected.json'), 'utf8')) as number[][];
const folder = testFolder();

async function readAll(path: string): Promise<number[][]> {
  const store = new FileStore(path);
  const rows: number[][] = [];
  for (const entry of parseIndex(await store.get('index.json'), path)) {
    checkShard(entry, path);
    const shard = await readShard(store, '', entry);
    for (let i = 0; i < entry.samples; i++) {
      const row = new Int32Array(400);
      const count = copySequence(shard, i, row, 0, 300);
      expect(count).toBe(shard.counts[i]);
      rows.push([...row.subarray(0, count)]);
    }
  }
  return rows;
}

describe('shards of MosaicML Streaming', () => {
  it.each(['fixed', 'compressed', 'mixed'])('are read: %s', async (name) => {
    expect(await readAll(join(fixtures, name))).toEqual(expected);
  });

  it('are written, to the byte', async () => {
    const store = new FileStore(join(folder, 'written'));
    const writer = new MdsWriter(store, '', { dtype: 'uint16', compression: 'none', shardBytes: 1024 });
    for (const row of expected) {
      if (writer.isFull(row.length)) await writer.flush();
      writer.add(Uint32Array.from(row));
    }
    await writer.finish();
    for (const name of ['index.json', 'shard.00000.mds', 'shard.00001.mds', 'shard.00002.mds'])
      expect(Buffer.from(await store.get(name))).toEqual(readFileSync(join(fixtures, 'fixed', name)));
  });
});

describe('MdsWriter', () => {
  it.each([
    ['uint16', 'none', 2 ** 16 - 1],
    ['uint32', 'zstd', 2 ** 31 - 1],
  ] as const)('round-trips %s, compression %s', async (dtype, compression, largest) => {
    const rows = [[0, 1, largest], Array.from({ length: 70_000 }, (_, i) => (i * 7919) % largest), [5]];
    const store = new FileStore(join(folder, dtype));
    const writer = new MdsWriter(store, 'train/', { dtype, compression, shardBytes: 1 << 20 });
    for (const row of rows) writer.add(Uint32Array.from(row));
    await writer.finish();
    const [entry] = parseIndex(await store.get('train/index.json'), 'x');
    const shard = await readShard(store, 'train/', entry!);
    const out = new Int32Array(70_000);
    expect(
      rows.map((row, i) => [...out.subarray(0, copySequence(shard, i, out, 0, 2 ** 31))].length === row.length),
    ).toEqual([true, true, true]);
    copySequence(shard, 1, out, 0, 2 ** 31);
    expect([...out]).toEqual(rows[1]);
    expect(copySequence(shard, 0, out, 0, largest)).toBe(-1);
  });
});

type Damage = (bytes: Buffer) => Buffer;
const flip =
  (at: number): Damage =>
  (bytes) => {
    const out = Buffer.from(bytes);
    out[at < 0 ? out.length + at : at]! ^= 1;
    return out;
  };

/** A copy of a fixture's first shard, damaged. `resealed`: with hash and size put right, so that only the inside is wrong. */
async function damaged(name: string, damage: Damage, resealed = false): Promise<unknown> {
  const path = join(folder, `damaged-${Math.random()}`);
  cpSync(join(fixtures, name), path, { recursive: true });
  const store = new FileStore(path);
  const entry = parseIndex(readFileSync(join(path, 'index.json')), path)[0]!;
  const stored = entry.zip_data ?? entry.raw_data;
  const bytes = damage(readFileSync(join(path, stored.basename)));
  writeFileSync(join(path, stored.basename), bytes);
  if (resealed) Object.assign(stored, { bytes: bytes.length, hashes: { sha256: sha256(bytes) } });
  const failure = await failureOf(readShard(store, '', entry));
  if (failure) expect((failure as Error).message).toContain(`shard ${stored.basename} in ${path}`);
  return failure;
}

describe('readShard', () => {
  it.each<[string, string, Damage, boolean, string, RegExp]>([
    ['a bit flipped at the end', 'fixed', flip(-1), false, 'SHARD_CORRUPT', /sha256 is .*, its index says/],
    ['a bit flipped at the beginning', 'fixed', flip(0), false, 'SHARD_CORRUPT', /sha256/],
    [
      'the last byte gone',
      'fixed',
      (b) => b.subarray(0, -1),
      false,
      'SHARD_TRUNCATED',
      /771 bytes, its index says 772/,
    ],
    ['nothing left', 'fixed', () => Buffer.alloc(0), false, 'SHARD_TRUNCATED', /0 bytes/],
    ['a byte too many', 'fixed', (b) => Buffer.concat([b, b.subarray(0, 1)]), false, 'SHARD_CORRUPT', /773 bytes/],
    ['a bit flipped, compressed', 'compressed', flip(300), false, 'SHARD_CORRUPT', /md5 is /],
    ['compressed rubbish', 'compressed', () => Buffer.from('rubbish'), true, 'SHARD_CORRUPT', /decompressed/],
    ['half a frame', 'compressed', (b) => b.subarray(0, 200), true, 'SHARD_CORRUPT', /decompressed/],
    [
      'a frame that says 4 GB',
      'compressed',
      lyingFrame,
      true,
      'SHARD_CORRUPT',
      /holds 4294967295 bytes, 1331 are expected/,
    ],
    ['another count of samples', 'fixed', flip(0), true, 'SHARD_CORRUPT', /says 2 samples, the index 3/],
    ['an offset outside', 'fixed', flip(7), true, 'SHARD_CORRUPT', /sample 0 lies outside/],
    ['offsets that go back', 'fixed', flip(9), true, 'SHARD_CORRUPT', /sample [01] /],
    ['a sample that says too much', 'fixed', (b) => flip(b.readUInt32LE(4))(b), true, 'SHARD_CORRUPT', /sample 0 /],
    ['an array of two dimensions', 'fixed', (b) => flip(b.readUInt32LE(4) + 4)(b), true, 'SHARD_CORRUPT', /sample 0 /],
    [
      'an array that says more ids',
      'fixed',
      (b) => flip(b.readUInt32LE(4) + 5)(b),
      true,
      'SHARD_CORRUPT',
      /says 2 ids and has 3/,
    ],
  ])('refuses %s', async (_, name, damage, resealed, code, message) => {
    const failure = await damaged(name, damage, resealed);
    expect(failure).toMatchObject({ code, exitCode: 1, message: expect.stringMatching(message) });
  });

  it('reads what was only sealed again', async () => {
    expect(await damaged('fixed', (b) => b, true)).toBeNull();
  });

  it('survives any single damaged byte without a crash', async () => {
    const size = readFileSync(join(fixtures, 'mixed/shard.00000.mds')).length;
    for (let at = 0; at < size; at += 331)
      expect([null, 'SHARD_CORRUPT']).toContain(
        ((await damaged('mixed', flip(at), true)) as { code: string } | null)?.code ?? null,
      );
  });

  it('names a shard that is not there', async () => {
    mkdirSync(join(folder, 'gone'));
    const entry = parseIndex(readFileSync(join(fixtures, 'fixed/index.json')), 'x')[1]!;
    const failure = await failureOf(readShard(new FileStore(join(folder, 'gone')), 'train/', entry));
    expect(failure).toMatchObject({ code: 'SHARD_MISSING', message: expect.stringContaining('train/shard.00001.mds') });
  });

  it('tries a damaged transfer once more', async () => {
    const store = new (class extends FileStore {
      reads = 0;
      override async get(key: string) {
        const content = await super.get(key);
        return this.reads++ === 0 ? content.subarray(1) : content;
      }
    })(join(fixtures, 'fixed'));
    const entry = parseIndex(readFileSync(join(fixtures, 'fixed/index.json')), 'x')[0]!;
    expect((await readShard(store, '', entry)).counts).toEqual(Uint32Array.of(3, 16, 255));
    expect(store.reads).toBe(2);
  });
});

/** A frame of the right magic whose header says 2^32 - 1 bytes. */
function lyingFrame(): Buffer {
  return Buffer.concat([Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0xa0, 0xff, 0xff, 0xff, 0xff]), Buffer.alloc(20)]);
}

describe('an index', () => {
  const index = () =>
    JSON.parse(readFileSync(join(fixtures, 'fixed/index.json'), 'utf8')) as { version: number; shards: ShardEntry[] };
  const withShard = (change: Partial<ShardEntry>) => ({ version: 2, shards: [{ ...index().shards[0]!, ...change }] });
  const rawNamed = (basename: string) => withShard({ raw_data: { ...index().shards[0]!.raw_data, basename } });

  it.each<[string, unknown, RegExp]>([
    ['no JSON', '{', /JSON/],
    ['another version', { ...index(), version: 1 }, /version/],
    ['no shards', { version: 2 }, /shards/],
    ['another format', withShard({ format: 'csv' as 'mds' }), /shards.0.format/],
    ['a name that leads up', rawNamed('../../etc/passwd'), /shards.0.raw_data.basename: is not a plain file name/],
    ['a name that is up', rawNamed('..'), /not a plain file name/],
    ['an absolute name', rawNamed('/etc/passwd'), /not a plain file name/],
    ['a name with a backslash', rawNamed('..\\x'), /not a plain file name/],
    ['a negative size', withShard({ samples: -1 }), /shards.0.samples/],
  ])('is refused with %s', (_, content, message) => {
    const json = typeof content === 'string' ? content : JSON.stringify(content);
    expect(() => parseIndex(Buffer.from(json), 'there/index.json')).toThrow(
      expect.objectContaining({ code: 'CORPUS_INVALID', message: expect.stringMatching(message) }),
    );
  });

  it.each<[string, Partial<ShardEntry>, RegExp]>([
    ['no column tokens', { column_names: ['text'] }, /no column tokens \(columns: text\)/],
    ['a column of text', { column_encodings: ['str'] }, /column tokens is str \(allowed: ndarray/],
    ['pickles', { column_encodings: ['pkl'] }, /column tokens is pkl/],
    ['floats', { column_encodings: ['ndarray:float32'] }, /ndarray:float32/],
    ['a type by the name of a method', { column_encodings: ['ndarray:toString'] }, /ndarray:toString/],
    [
      'a compression by the name of a method',
      { compression: 'toString', zip_data: index().shards[0]!.raw_data },
      /compression toString .*allowed: none, zstd, gz/,
    ],
    ['two dimensions', { column_encodings: ['ndarray:uint16:2,3'] }, /uint16:2,3/],
    [
      'another compression',
      { compression: 'br:3', zip_data: index().shards[0]!.raw_data },
      /compression br .*allowed: none, zstd, gz/,
    ],
    [
      'hashes that cannot be checked',
      { raw_data: { ...index().shards[0]!.raw_data, hashes: { xxh64: '0' } } },
      /xxh64/,
    ],
    ['a shard of 2 GB', { raw_data: { ...index().shards[0]!.raw_data, bytes: 2 ** 31 } }, /2147483648 bytes/],
  ])('is not supported with %s', (_, change, message) => {
    expect(() => checkShard({ ...index().shards[0]!, ...change }, 'there')).toThrow(
      expect.objectContaining({ code: 'CORPUS_UNSUPPORTED', exitCode: 2, message: expect.stringMatching(message) }),
    );
  });
});

it('pythonJson writes what Python’s json.dumps writes', () => {
  expect(pythonJson({ b: [1, null, true], a: 'ü"🦊\n', c: {} })).toBe(
    '{"a": "\\u00fc\\"\\ud83e\\udd8a\\n", "b": [1, null, true], "c": {}}',
  );
});

it('zstd keeps what it is given', async () => {
  await loadZstd();
  expect(zstdCompress(Buffer.alloc(100_000)).length).toBeLessThan(100);
});
