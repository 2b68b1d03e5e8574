import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { decodeSafetensors, encodeSafetensors } from './safetensors.js';
import type { HostTensor, TensorFile } from './tensors.js';

const fixture = (name: string) => readFileSync(new URL(`../../../test/fixtures/safetensors/${name}`, import.meta.url));

const five: HostTensor = { shape: [1], dtype: 'int32', data: Int32Array.of(5) };
const tensors: TensorFile = {
  'b/matrix': { shape: [2, 3], dtype: 'float32', data: Float32Array.of(1, -0, NaN, Infinity, 1e-45, 3.5) },
  'a/ints': { shape: [3], dtype: 'int32', data: Int32Array.of(1, -2147483648, 2147483647) },
  'c"\\/日本 🦊': { shape: [], dtype: 'float32', data: Float32Array.of(7) },
  empty: { shape: [4, 0], dtype: 'float32', data: new Float32Array(0) },
  constructor: five,
};

describe('encodeSafetensors', () => {
  it('is read back bit by bit', () => {
    expect(decodeSafetensors(encodeSafetensors(tensors), 'f')).toEqual(tensors);
    expect(decodeSafetensors(encodeSafetensors({}), 'f')).toEqual({});
  });

  it('lays out bytes as the format says', () => {
    const header =
      '{"i":{"dtype":"I32","shape":[2],"data_offsets":[0,8]},"x":{"dtype":"F32","shape":[1,1],"data_offsets":[8,12]}}';
    const padding = ' '.repeat((8 - (header.length % 8)) % 8);
    const expected = Buffer.concat([
      Buffer.from(BigUint64Array.of(BigInt(header.length + padding.length)).buffer),
      Buffer.from(header + padding),
      Buffer.from([1, 0, 0, 0, 0xfe, 0xff, 0xff, 0xff, 0, 0, 0xc0, 0x3f]),
    ]);
    const found = encodeSafetensors({
      x: { shape: [1, 1], dtype: 'float32', data: Float32Array.of(1.5) },
      i: { shape: [2], dtype: 'int32', data: Int32Array.of(1, -2) },
    });
    expect(Buffer.from(found)).toEqual(expected);
  });

  it('gives the same bytes whatever the order of the names', () => {
    const reversed = Object.fromEntries(Object.entries(tensors).reverse());
    expect(encodeSafetensors(reversed)).toEqual(encodeSafetensors(tensors));
  });

  it('writes the elements of a view, not its buffer', () => {
    const data = Float32Array.of(1, 2, 3, 4).subarray(1, 3);
    const written = encodeSafetensors({ view: { shape: [2], dtype: 'float32', data } });
    expect(decodeSafetensors(written, 'f')['view']!.data).toEqual(Float32Array.of(2, 3));
  });

  it('refuses data that does not fill its shape', () => {
    const bad: TensorFile = { x: { shape: [3], dtype: 'float32', data: new Float32Array(2) } };
    expect(() => encodeSafetensors(bad)).toThrow('tensor x: 2 elements do not fill shape [3]');
  });
});

describe('decodeSafetensors', () => {
  it('reads what the Python package wrote, F16 and BF16 too', () => {
    type Expected = Record<string, { shape: number[]; dtype: string; values: number[] }>;
    const expected = JSON.parse(fixture('expected.json').toString()) as Expected;
    const found = decodeSafetensors(fixture('python.safetensors'), 'python.safetensors');
    const bits = Object.entries(found).map(([name, { shape, dtype, data }]) => {
      const values = dtype === 'int32' ? [...data] : [...new Uint32Array(data.buffer)];
      return [name, { shape, dtype, values }];
    });
    expect(Object.fromEntries(bits)).toEqual(expected);
  });

  it('reads from bytes at an odd offset', () => {
    const file = encodeSafetensors(tensors);
    const shifted = new Uint8Array(file.length + 3);
    shifted.set(file, 3);
    expect(decodeSafetensors(shifted.subarray(3), 'f')).toEqual(tensors);
  });
});

describe('a safetensors file that lies', () => {
  /** A file of a header and `dataBytes` bytes of data; `length` overrides the header's true length. */
  function lie(header: string | Uint8Array, dataBytes = 8, length?: bigint): Uint8Array {
    const json = Buffer.from(header);
    const prefix = Buffer.from(BigUint64Array.of(length ?? BigInt(json.length)).buffer);
    return Buffer.concat([prefix, json, Buffer.alloc(dataBytes)]);
  }
  /** Stands for lists in lists. */
  const deep = 'deep';
  const entry = (change: object) =>
    JSON.stringify({ x: { dtype: 'F32', shape: [2], data_offsets: [0, 8], ...change } }).replaceAll(
      `"${deep}"`,
      `${'['.repeat(20_000)}${']'.repeat(20_000)}`,
    );
  const pair = (a: [number, number], b: [number, number]) =>
    JSON.stringify({
      x: { dtype: 'F32', shape: [(a[1] - a[0]) / 4], data_offsets: a },
      y: { dtype: 'F32', shape: [(b[1] - b[0]) / 4], data_offsets: b },
    });

  it('tells the truth in the tables below but for one thing', () => {
    expect(Object.keys(decodeSafetensors(lie(entry({})), 'f'))).toEqual(['x']);
    expect(Object.keys(decodeSafetensors(lie(pair([0, 4], [4, 8])), 'f'))).toEqual(['x', 'y']);
    expect(Object.keys(decodeSafetensors(lie(`${entry({})}   `), 'f'))).toEqual(['x']);
  });

  it.each<[string, Uint8Array, string]>([
    ['no bytes', new Uint8Array(0), '0 bytes are no safetensors file'],
    ['7 bytes', new Uint8Array(7), '7 bytes are no safetensors file'],
    ['header of 2^64-1 bytes', lie(entry({}), 8, 2n ** 64n - 1n), 'is over the limit'],
    ['header over the limit', lie(entry({}), 8, 100_000_001n), 'is over the limit'],
    ['header longer than the file', lie(entry({}), 8, 1000n), 'does not fit into a file of'],
    ['header of 0 bytes', lie('', 8), 'not JSON'],
    ['header shorter than its JSON', lie(entry({}), 8, 20n), 'not JSON'],
    ['header that reaches into the data', lie(entry({}), 8, BigInt(entry({}).length + 4)), 'not JSON'],
    ['header that is not UTF-8', lie(Buffer.from([0x7b, 0xff, 0x7d])), 'not JSON in UTF-8'],
    ['header with a byte order mark', lie(`\ufeff${entry({})}`), 'not JSON'],
    ['header that begins with a space', lie(` ${entry({})}`), 'does not begin with {'],
    ['header that is a list', lie('[]', 0), 'does not begin with {'],
    ['header that is null', lie('null', 0), 'does not begin with {'],
    [
      'a name twice',
      lie(`{"x":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},${entry({}).slice(1)}`),
      'key "x" twice',
    ],
    [
      'a name twice, once escaped',
      lie(`{"\\u0078":{"dtype":"F32","shape":[2],"data_offsets":[0,8]} ,${entry({}).slice(1)}`),
      'key "x" twice',
    ],
    ['a field twice', lie(entry({}).replace('"dtype"', '"shape":[2],"dtype"')), 'key "shape" twice'],
    [
      '__proto__ as a name',
      lie(entry({}).replace('"x"', '"__proto__"')),
      'tensor "__proto__": this name is not allowed',
    ],
    ['an empty name', lie(entry({}).replace('"x"', '""')), 'tensor "": this name is not allowed'],
    ['an entry that is a number', lie('{"x":1}'), 'tensor "x": its entry is not an object'],
    ['an unknown field', lie(entry({ offset: 0 })), 'tensor "x": unknown field "offset"'],
    [
      'no dtype',
      lie(entry({ dtype: undefined })),
      'tensor "x": dtype missing is not read (allowed: F32, I32, F16, BF16)',
    ],
    ['dtype F64', lie(entry({ dtype: 'F64', shape: [1] })), 'tensor "x": dtype "F64" is not read'],
    ['dtype toString', lie(entry({ dtype: 'toString' })), 'tensor "x": dtype "toString" is not read'],
    ['a dtype nested 20,000 deep', lie(entry({ dtype: deep })), 'tensor "x": dtype [a list] is not read'],
    ['a shape nested 20,000 deep', lie(entry({ shape: [1, deep] })), 'tensor "x": shape [1,a list] is not'],
    [
      'offsets in an object',
      lie(entry({ data_offsets: { a: deep } })),
      'tensor "x": data_offsets an object is not a pair',
    ],
    ['a negative size', lie(entry({ shape: [-1, -2] })), 'tensor "x": shape [-1,-2] is not'],
    ['a fractional size', lie(entry({ shape: [0.5, 4] })), 'tensor "x": shape [0.5,4] is not'],
    ['a shape that is a number', lie(entry({ shape: 2 })), 'tensor "x": shape 2 is not'],
    [
      'a shape that overflows',
      lie(entry({ shape: [2 ** 40, 2 ** 40] })),
      'tensor "x": shape [1099511627776,1099511627776]',
    ],
    ['a size that JSON cannot hold', lie(entry({}).replace('[2]', '[1e999]')), 'tensor "x": shape [null] is not'],
    ['a shape of fewer elements', lie(entry({ shape: [1] })), 'tensor "x": shape [1] of F32 needs 4 bytes, has 8'],
    ['a wider dtype', lie(entry({ dtype: 'BF16' })), 'tensor "x": shape [2] of BF16 needs 4 bytes, has 8'],
    ['no offsets', lie(entry({ data_offsets: undefined })), 'tensor "x": data_offsets missing is not a pair'],
    ['three offsets', lie(entry({ data_offsets: [0, 4, 8] })), 'tensor "x": data_offsets [0,4,8] is not a pair'],
    ['a negative offset', lie(entry({ data_offsets: [-8, 0] })), 'tensor "x": data_offsets [-8,0] is not a pair'],
    ['an offset beyond 2^53', lie(entry({ data_offsets: [0, 2 ** 60] })), 'tensor "x": data_offsets'],
    [
      'offsets that end before they begin',
      lie(entry({ data_offsets: [8, 0] })),
      'tensor "x": data_offsets [8,0] lie outside',
    ],
    [
      'offsets beyond the file',
      lie(entry({ data_offsets: [0, 12], shape: [3] })),
      'tensor "x": data_offsets [0,12] lie outside of the 8',
    ],
    ['a truncated file', lie(entry({}), 7), 'tensor "x": data_offsets [0,8] lie outside of the 7'],
    ['overlap', lie(pair([0, 8], [4, 8])), 'tensor "y": overlaps'],
    ['two tensors in one place', lie(pair([0, 8], [0, 8])), 'tensor "y": overlaps'],
    ['a hole at the front', lie(entry({ data_offsets: [4, 12] }), 12), 'tensor "x": lies behind a hole'],
    ['a hole in the middle', lie(pair([0, 4], [8, 12]), 12), 'tensor "y": lies behind a hole'],
    ['data behind the last tensor', lie(entry({}), 9), '1 bytes behind the last tensor'],
    [
      'metadata that is no text',
      lie(entry({}).replace('{', '{"__metadata__":{"a":1},')),
      '__metadata__ must be strings',
    ],
  ])('is refused: %s', (_, content, why) => {
    const refusal = failure(() => decodeSafetensors(content, 'part-00000.safetensors'));
    expect(refusal).toMatchObject({ code: 'CHECKPOINT_CORRUPT' });
    expect(String(refusal)).toContain('part-00000.safetensors: ');
    expect(String(refusal)).toContain(why);
  });

  function failure(act: () => unknown): unknown {
    try {
      return act();
    } catch (error) {
      return error;
    }
  }

  it('is refused or read, never anything else, whatever byte is changed', () => {
    const file = encodeSafetensors({ x: { shape: [2], dtype: 'int32', data: Int32Array.of(1, 2) } });
    let refused = 0;
    for (let at = 0; at < file.length; at++) {
      for (let bit = 0; bit < 8; bit++) {
        const changed = file.slice();
        changed[at]! ^= 1 << bit;
        const result = failure(() => decodeSafetensors(changed, 'f'));
        if (result instanceof Error) {
          expect(result).toMatchObject({ code: 'CHECKPOINT_CORRUPT' });
          refused++;
        }
      }
    }
    expect(refused).toBeGreaterThan(300);
  });
});
