import { OrestesError, UserError } from '@orestes/contracts';

export interface ObjectEntry {
  /** Relative to the store's root, `/`-separated. */
  key: string;
  bytes: number;
}

/**
 * A flat store of whole objects under one root: a folder or an S3 prefix. An object is seen whole or not at all. Keys are
 * relative, `/`-separated, without empty, `.` or `..` segments (UserError INVALID_KEY). Every driver passes conformance.ts.
 */
export interface ObjectStore {
  /** The root's address, for messages: never holds credentials. */
  readonly address: string;
  /**
   * @throws OrestesError OBJECT_MISSING, OBJECT_CORRUPT (its checksum is wrong), OUT_OF_MEMORY, STORE_DENIED,
   * STORE_UNREACHABLE
   */
  get(key: string): Promise<Uint8Array>;
  /**
   * Bytes [start, end) of an object.
   * @throws OrestesError OBJECT_TOO_SHORT when it has fewer than `end` bytes, and what `get` throws
   */
  getRange(key: string, start: number, end: number): Promise<Uint8Array>;
  /**
   * Writes an object atomically.
   * @throws OrestesError STORE_FULL (says how much was needed), STORE_DENIED, STORE_UNREACHABLE
   */
  put(key: string, content: Uint8Array): Promise<void>;
  /** null when there is none. */
  head(key: string): Promise<ObjectEntry | null>;
  /** All objects whose key starts with the prefix, in byte order of their keys. */
  list(prefix: string): AsyncIterable<ObjectEntry>;
  /** Deletes an object; one that is not there is no error. */
  delete(key: string): Promise<void>;
}

/** @throws UserError INVALID_RANGE when [start, end) is no range of bytes */
export function checkRange(key: string, start: number, end: number): void {
  if (!Number.isSafeInteger(start) || !Number.isSafeInteger(end) || start < 0 || end < start)
    throw new UserError('INVALID_RANGE', `${key}: bytes [${start}, ${end}) are no range (0 <= start <= end)`);
}

export const tooShort = (where: string, wanted: number, found: number) =>
  new OrestesError('OBJECT_TOO_SHORT', `${where}: has ${found} bytes, ${wanted} are needed`);

/** @throws OrestesError OUT_OF_MEMORY */
export function allocate(bytes: number, where: string): Uint8Array {
  try {
    return new Uint8Array(bytes);
  } catch (error) {
    throw new OrestesError('OUT_OF_MEMORY', `${where}: no memory for its ${bytes} bytes`, 1, { cause: error });
  }
}
