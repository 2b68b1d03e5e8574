import { randomBytes } from 'node:crypto';
import { beforeAll, describe, expect, it } from '@jest/globals';
import type { ObjectEntry, ObjectStore } from '../store.js';

const text = (s: string) => new TextEncoder().encode(s);
const code = (code: string) => expect.objectContaining({ code });

async function keysOf(store: ObjectStore, prefix: string): Promise<string[]> {
  return (await collect(store.list(prefix))).map((entry) => entry.key);
}

async function collect(entries: AsyncIterable<ObjectEntry>): Promise<ObjectEntry[]> {
  const all: ObjectEntry[] = [];
  for await (const entry of entries) all.push(entry);
  return all;
}

/**
 * What every driver of ObjectStore must do.
 * @param open a store whose root is empty at first; called again it must open the same root anew
 */
export function describeObjectStore(name: string, open: () => ObjectStore): void {
  describe(name, () => {
    let store: ObjectStore;
    beforeAll(() => {
      store = open();
    });

    it('lists nothing and holds nothing at first', async () => {
      expect(await keysOf(store, '')).toEqual([]);
      expect(await keysOf(store, 'any/where')).toEqual([]);
      expect(await store.head('any/where')).toBeNull();
      await expect(store.get('any/where')).rejects.toEqual(code('OBJECT_MISSING'));
    });

    it.each([0, 1, 1000, (16 << 20) - 1, (16 << 20) + 12345])('gives back what was put: %d bytes', async (bytes) => {
      const content = randomBytes(bytes);
      await store.put(`sizes/${bytes}`, content);
      const found = await open().get(`sizes/${bytes}`);
      expect(found.constructor).toBe(Uint8Array);
      expect(Buffer.compare(found, content)).toBe(0);
      expect(await store.head(`sizes/${bytes}`)).toEqual({ key: `sizes/${bytes}`, bytes });
    });

    it('replaces an object', async () => {
      await store.put('replaced', text('first, and longer'));
      await store.put('replaced', text('second'));
      expect(await store.get('replaced')).toEqual(text('second'));
    });

    it.each([['a b+c&d=e'], ['%2e%2e/100%'], ['who?/#1'], ['ümlaut/日本/🦊'], ['.hidden/..x/...'], ['s'.repeat(255)]])(
      'takes the key %s',
      async (key) => {
        await store.put(`keys/${key}`, text(key));
        expect(await store.get(`keys/${key}`)).toEqual(text(key));
        expect(await keysOf(store, `keys/${key}`)).toEqual([`keys/${key}`]);
      },
    );

    const badKeys = [
      '',
      '/a',
      'a/',
      'a//b',
      '.',
      '..',
      '../a',
      'a/../b',
      'a/./b',
      'a\0b',
      'a\nb',
      '\ud800',
      'x'.repeat(256),
    ];
    it.each([...badKeys, '.orestes-tmp-x', 'long/'.repeat(300) + 'x'])('refuses the key %j', async (key) => {
      const refused = code('INVALID_KEY');
      await expect(store.put(key, text('x'))).rejects.toEqual(refused);
      await expect(store.get(key)).rejects.toEqual(refused);
      await expect(store.getRange(key, 0, 1)).rejects.toEqual(refused);
      await expect(store.head(key)).rejects.toEqual(refused);
      await expect(store.delete(key)).rejects.toEqual(refused);
    });

    it.each(['../', '/etc', 'a/../b', 'a//'])('refuses the prefix %j', async (prefix) => {
      await expect(keysOf(store, prefix)).rejects.toEqual(code('INVALID_KEY'));
    });

    it('lists by prefix, in byte order of the keys', async () => {
      // U+FF5E sorts before U+1F98A by bytes, after it by UTF-16 units.
      const keys = ['a', 'a!/x', 'a-', 'a.b/c', 'b/1', 'b/10', 'b/2/x', 'b/2/y', 'b0', 'z\uff5e', 'z\u{1f98a}'];
      for (const key of [...keys].reverse()) await store.put(`list/${key}`, text(key));
      const listed = async (prefix: string) =>
        (await keysOf(store, `list/${prefix}`)).map((key) => key.slice('list/'.length));
      expect(await listed('')).toEqual(keys);
      expect(await listed('b/')).toEqual(['b/1', 'b/10', 'b/2/x', 'b/2/y']);
      expect(await listed('b/1')).toEqual(['b/1', 'b/10']);
      expect(await listed('b/2')).toEqual(['b/2/x', 'b/2/y']);
      expect(await listed('b')).toEqual(['b/1', 'b/10', 'b/2/x', 'b/2/y', 'b0']);
      expect(await listed('c')).toEqual([]);
      expect(await collect(store.list('list/a.b/'))).toEqual([{ key: 'list/a.b/c', bytes: 5 }]);
    });

    describe('getRange', () => {
      const content = randomBytes(100_000);
      beforeAll(() => store.put('range', content));

      it.each([
        [0, 100_000],
        [0, 1],
        [99_999, 100_000],
        [1234, 56_789],
        [500, 500],
        [100_000, 100_000],
      ])('gives bytes [%d, %d)', async (start, end) => {
        expect(Buffer.compare(await store.getRange('range', start, end), content.subarray(start, end))).toBe(0);
      });

      it.each([
        [0, 100_001, 'OBJECT_TOO_SHORT'],
        [99_999, 200_000, 'OBJECT_TOO_SHORT'],
        [100_000, 100_001, 'OBJECT_TOO_SHORT'],
        [300_000, 300_001, 'OBJECT_TOO_SHORT'],
        [100_001, 100_001, 'OBJECT_TOO_SHORT'],
        [-1, 5, 'INVALID_RANGE'],
        [5, 4, 'INVALID_RANGE'],
        [0.5, 4, 'INVALID_RANGE'],
        [0, NaN, 'INVALID_RANGE'],
      ])('refuses [%d, %d) with %s', async (start, end, expected) => {
        await expect(store.getRange('range', start, end)).rejects.toEqual(code(expected));
      });

      it.each([
        [0, 1],
        [0, 0],
      ])('of a missing object says so: [%d, %d)', async (start, end) => {
        await expect(store.getRange('range-of-nothing', start, end)).rejects.toEqual(code('OBJECT_MISSING'));
      });
    });

    it('deletes, and deletes what is not there', async () => {
      await store.put('deleted/deep/one', text('1'));
      await store.put('deleted/two', text('2'));
      await store.delete('deleted/deep/one');
      await store.delete('deleted/deep/one');
      await store.delete('deleted/never/was');
      expect(await store.head('deleted/deep/one')).toBeNull();
      expect(await keysOf(store, 'deleted/')).toEqual(['deleted/two']);
    });

    it('never shows a torn object to readers while it is replaced', async () => {
      const versions = ['A', 'B', 'C'].map((letter) => text(letter.repeat(300_000)));
      await store.put('torn', versions[0]!);
      let writing = true;
      const reads: Uint8Array[] = [];
      const reader = async () => {
        while (writing) reads.push(await store.get('torn'));
      };
      const readers = [reader(), reader()];
      for (let i = 1; i <= 30; i++) await store.put('torn', versions[i % 3]!);
      writing = false;
      await Promise.all(readers);
      const whole = reads.filter((read) => versions.some((version) => Buffer.compare(read, version) === 0));
      expect(reads.length).toBeGreaterThan(5);
      expect(whole).toHaveLength(reads.length);
    });
  });
}
