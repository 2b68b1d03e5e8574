import type { ShardEntry } from './index-file.js';

/** Types of ids: bytes of each, and whether the number has a sign. */
const dtypes = {
  uint8: { bytes: 1, code: 8 },
  uint16: { bytes: 2, code: 16 },
  int16: { bytes: 2, code: 17 },
  uint32: { bytes: 4, code: 32 },
  int32: { bytes: 4, code: 33 },
  uint64: { bytes: 8, code: 64 },
  int64: { bytes: 8, code: 65 },
} as const;

type DType = keyof typeof dtypes;
const COLUMN = 'tokens';

/** Where the ids of each sequence lie in a decoded shard. */
export interface Shard {
  readonly bytes: Uint8Array;
  /** Of one id. */
  readonly width: 1 | 2 | 4 | 8;
  /** Offset of each sequence's first id. */
  readonly starts: Uint32Array;
  /** Ids in each sequence. */
  readonly counts: Uint32Array;
}

/** What a shard holds, before it is read. @returns why it cannot be read, or null */
export function columnProblem(entry: ShardEntry): string | null {
  const column = entry.column_names.indexOf(COLUMN);
  if (column < 0) return `has no column ${COLUMN} (columns: ${entry.column_names.join(', ')})`;
  const encoding = entry.column_encodings[column] ?? '';
  const [kind, dtype, shape] = encoding.split(':');
  const known =
    kind === 'ndarray' &&
    (dtype === undefined || Object.hasOwn(dtypes, dtype)) &&
    (shape === undefined || /^\d+$/.test(shape));
  return known ? null : `column ${COLUMN} is ${encoding} (allowed: ndarray of ${Object.keys(dtypes).join(', ')})`;
}

/**
 * Finds the sequences of a shard: [uint32 samples][uint32 offsets][config][samples], a sample being the uint32 sizes of its
 * variable columns, then the columns. Every offset and size is checked before it is used.
 * @param entry its line of the index, without a columnProblem
 * @throws Error that says what is wrong inside the shard
 */
export function decodeShard(bytes: Uint8Array, entry: ShardEntry): Shard {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const { samples } = entry;
  const table = 4 * (samples + 2);
  check(bytes.length >= table, `${bytes.length} bytes cannot hold ${samples} samples`);
  check(view.getUint32(0, true) === samples, `says ${view.getUint32(0, true)} samples, the index ${samples}`);
  const column = columnReader(entry);
  const starts = new Uint32Array(samples);
  const counts = new Uint32Array(samples);
  let width: Shard['width'] = column.width ?? 2;
  let end = view.getUint32(4, true);
  for (let i = 0; i < samples; i++) {
    const begin = end;
    end = view.getUint32(4 * (i + 2), true);
    check(begin >= table && begin <= end && end <= bytes.length, `sample ${i} lies outside of it`);
    const found = column.find(view, begin, end, i);
    check(i === 0 || found.width === width, `sample ${i} has ids of ${found.width} bytes, others of ${width}`);
    width = found.width;
    starts[i] = found.start;
    counts[i] = found.count;
  }
  return { bytes, width, starts, counts };
}

/**
 * Copies one sequence.
 * @param out receives the ids from place `at` on
 * @param limit ids must be below it
 * @returns how many ids; -1 where one is not below the limit
 */
export function copySequence(shard: Shard, index: number, out: Int32Array, at: number, limit: number): number {
  const { bytes, width } = shard;
  const count = shard.counts[index]!;
  const start = shard.starts[index]!;
  let largest = 0;
  if (width === 2) {
    for (let i = 0, from = start; i < count; i++, from += 2) {
      const id = bytes[from]! | (bytes[from + 1]! << 8);
      if (id > largest) largest = id;
      out[at + i] = id;
    }
  } else {
    for (let i = 0, from = start; i < count; i++, from += width) {
      let id = bytes[from]!;
      for (let b = 1, scale = 256; b < width; b++, scale *= 256) id += bytes[from + b]! * scale;
      if (id > largest) largest = id;
      out[at + i] = id;
    }
  }
  return largest < limit ? count : -1;
}

function columnReader({ column_names, column_encodings, column_sizes }: ShardEntry) {
  const column = column_names.indexOf(COLUMN);
  const [, dtype, shape] = column_encodings[column]!.split(':') as [string, DType | undefined, string | undefined];
  const variable = column_sizes.filter((size) => size === null).length;
  const find = (view: DataView, begin: number, end: number, sample: number) => {
    check(begin + 4 * variable <= end, `sample ${sample} is cut off`);
    let at = begin + 4 * variable;
    let head = begin;
    for (let c = 0; ; c++) {
      const fixed = column_sizes[c] ?? null;
      const size = fixed ?? view.getUint32(head, true);
      if (fixed === null) head += 4;
      check(at + size <= end, `sample ${sample} is cut off`);
      if (c === column) return arrayAt(view, at, at + size, sample, dtype, shape);
      at += size;
    }
  };
  return { find, width: dtype && dtypes[dtype].bytes };
}

/** [dtype code unless fixed][ndim << 2 | size code][length unless fixed][values]: one dimension. */
function arrayAt(view: DataView, begin: number, end: number, sample: number, dtype?: DType, shape?: string) {
  let at = begin;
  const need = (bytes: number) => check(at + bytes <= end, `sample ${sample} is cut off`);
  let name = dtype;
  if (name === undefined) {
    need(1);
    const code = view.getUint8(at++);
    name = (Object.keys(dtypes) as DType[]).find((d) => dtypes[d].code === code);
    if (name === undefined) throw new Error(`sample ${sample} has values of unknown type ${code}`);
  }
  const width = dtypes[name].bytes;
  let count = Number(shape);
  if (shape === undefined) {
    need(1);
    const head = view.getUint8(at++);
    check(head >> 2 === 1, `sample ${sample} has ${head >> 2} dimensions, not one`);
    const bytes = 1 << (head & 3);
    need(bytes);
    count = bytes === 8 ? Number(view.getBigUint64(at, true)) : unsigned(view, at, bytes);
    at += bytes;
  }
  check(at + count * width === end, `sample ${sample} says ${count} ids and has ${(end - at) / width}`);
  return { start: at, count, width };
}

const unsigned = (view: DataView, at: number, bytes: number) =>
  bytes === 1 ? view.getUint8(at) : bytes === 2 ? view.getUint16(at, true) : view.getUint32(at, true);

function check(good: boolean, why: string): void {
  if (!good) throw new Error(why);
}
