import { OrestesError } from '@orestes/contracts';
import { duplicateKey } from './duplicate-key.js';
import { elements } from './tensors.js';

/** The format's own limit. */
export const MAX_HEADER_BYTES = 100_000_000;
export const LENGTH_BYTES = 8;

/** Bytes of an element of the types that are read. */
export const ELEMENT_BYTES = { F32: 4, I32: 4, F16: 2, BF16: 2 } as const;
export type StoredType = keyof typeof ELEMENT_BYTES;

/** Where a tensor lies: bytes [begin, end) of the file. */
export interface StoredTensor {
  name: string;
  type: StoredType;
  shape: number[];
  begin: number;
  end: number;
}

/**
 * Reads and checks the header of a safetensors file: 8 bytes little-endian length, JSON of that length, data. The tensors
 * must tile the data without overlap or hole, and shape times element size must be their bytes.
 * @param file what the file is called in messages
 * @returns in the order in which they lie
 * @throws OrestesError CHECKPOINT_CORRUPT naming the file and the tensor
 */
export function readHeader(content: Uint8Array, file: string): StoredTensor[] {
  const [header, dataStart] = parseHeader(content, file);
  const tensors = Object.entries(header)
    .filter(([name]) => name !== '__metadata__')
    .map(([name, entry]) => readEntry(name, entry, dataStart, content.length, file));
  // Empty tensors lie between their neighbours.
  tensors.sort((a, b) => a.begin - b.begin || a.end - b.end);
  checkTiling(tensors, dataStart, content.length, file);
  return tensors;
}

function parseHeader(content: Uint8Array, file: string): [Record<string, unknown>, number] {
  if (content.length < LENGTH_BYTES) throw corrupt(file, `${content.length} bytes are no safetensors file`);
  const length = new DataView(content.buffer, content.byteOffset).getBigUint64(0, true);
  if (length > MAX_HEADER_BYTES)
    throw corrupt(file, `a header of ${length} bytes is over the limit of ${MAX_HEADER_BYTES}`);
  const dataStart = LENGTH_BYTES + Number(length);
  if (dataStart > content.length)
    throw corrupt(file, `a header of ${length} bytes does not fit into a file of ${content.length}`);
  const header = parseJson(content.subarray(LENGTH_BYTES, dataStart), file);
  const metadata = header['__metadata__'];
  if (metadata !== undefined && !(isObject(metadata) && Object.values(metadata).every((v) => typeof v === 'string')))
    throw corrupt(file, '__metadata__ must be strings by name');
  return [header, dataStart];
}

function parseJson(bytes: Uint8Array, file: string): Record<string, unknown> {
  let text: string;
  let header: unknown;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    header = JSON.parse(text);
  } catch (error) {
    throw corrupt(
      file,
      `its header is not JSON in UTF-8: ${error instanceof Error ? error.message : String(error)}`,
      error,
    );
  }
  if (!text.startsWith('{') || !isObject(header)) throw corrupt(file, 'its header does not begin with {');
  const twice = duplicateKey(text);
  if (twice !== null) throw corrupt(file, `its header has the key ${JSON.stringify(twice)} twice`);
  return header;
}

function readEntry(name: string, entry: unknown, dataStart: number, fileBytes: number, file: string): StoredTensor {
  const wrong = (why: string) => corrupt(file, `tensor ${JSON.stringify(name)}: ${why}`);
  if (name === '__proto__' || name === '') throw wrong('this name is not allowed');
  if (!isObject(entry)) throw wrong('its entry is not an object');
  const unknown = Object.keys(entry).find((key) => !['dtype', 'shape', 'data_offsets'].includes(key));
  if (unknown !== undefined) throw wrong(`unknown field ${JSON.stringify(unknown)}`);
  const { dtype, shape, data_offsets: offsets } = entry;
  if (!isStoredType(dtype))
    throw wrong(`dtype ${show(dtype)} is not read (allowed: ${Object.keys(ELEMENT_BYTES).join(', ')})`);
  if (!isSizes(shape)) throw wrong(`shape ${show(shape)} is not a list of sizes`);
  if (!isSizes(offsets) || offsets.length !== 2)
    throw wrong(`data_offsets ${show(offsets)} is not a pair of positions`);
  const [begin, end] = [dataStart + offsets[0]!, dataStart + offsets[1]!];
  if (begin > end || end > fileBytes)
    throw wrong(`data_offsets ${show(offsets)} lie outside of the ${fileBytes - dataStart} bytes of data`);
  const needed = elements(shape) * ELEMENT_BYTES[dtype];
  if (needed !== end - begin)
    throw wrong(`shape [${shape.join()}] of ${dtype} needs ${needed} bytes, has ${end - begin}`);
  return { name, type: dtype, shape, begin, end };
}

function checkTiling(tensors: StoredTensor[], dataStart: number, fileBytes: number, file: string): void {
  let at = dataStart;
  for (const { name, begin, end } of tensors) {
    const what = begin < at ? 'overlaps the one before it' : 'lies behind a hole';
    if (begin !== at)
      throw corrupt(file, `tensor ${JSON.stringify(name)}: ${what}: begins at byte ${begin}, not ${at}`);
    at = end;
  }
  if (at !== fileBytes) throw corrupt(file, `${fileBytes - at} bytes behind the last tensor belong to none`);
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isStoredType = (value: unknown): value is StoredType =>
  typeof value === 'string' && Object.hasOwn(ELEMENT_BYTES, value);

const isSizes = (value: unknown): value is number[] =>
  Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && size >= 0);

/** A scalar, or a list of them, as it is; of what is nested deeper the kind alone: there may be no end to it. */
function show(value: unknown): string {
  const text = Array.isArray(value) ? `[${value.slice(0, 80).map(showScalar).join()}]` : showScalar(value);
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}

const showScalar = (value: unknown): string =>
  Array.isArray(value) ? 'a list' : isObject(value) ? 'an object' : (JSON.stringify(value) ?? 'missing');

/** @param file the file at fault */
export const corrupt = (file: string, why: string, cause?: unknown) =>
  new OrestesError('CHECKPOINT_CORRUPT', `${file}: ${why}`, 1, { cause });
