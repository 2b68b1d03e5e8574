import { createHash } from 'node:crypto';
import { basename, dirname } from 'node:path';
import { UserError } from '@orestes/contracts';
import { openStore, parseAddress, type ObjectStore } from '@orestes/storage';

/** Bytes that are asked of the store at once. */
const PIECE = 1 << 22;

/** One object of a store, by its address. */
export interface Located {
  store: ObjectStore;
  key: string;
}

/** The store and key of a single file: a path, file:// or s3:// address. */
export function locate(address: string): Located {
  const parsed = parseAddress(address);
  if (parsed.scheme === 'file') return { store: openStore(dirname(parsed.path)), key: basename(parsed.path) };
  const [place = '', query] = address.split('?');
  const slash = place.lastIndexOf('/');
  return { store: openStore(place.slice(0, slash) + (query ? `?${query}` : '')), key: place.slice(slash + 1) };
}

/** A text file in a store, read in order, piece by piece, and hashed meanwhile. */
export class TextSource {
  private constructor(
    /** As the user wrote it. */
    readonly address: string,
    /** Size as stored. */
    readonly bytes: number,
    private readonly located: Located,
  ) {}

  /** @throws UserError INPUT_MISSING */
  static async open(address: string, located: Located = locate(address)): Promise<TextSource> {
    const entry = await located.store.head(located.key);
    if (!entry) throw new UserError('INPUT_MISSING', `${address}: no such file`);
    return new TextSource(address, entry.bytes, located);
  }

  /**
   * The stored bytes in order.
   * @param onRead called with the size of each piece
   * @param onHash called at the end with the SHA-256 of all of them
   */
  async *read(onRead?: (bytes: number) => void, onHash?: (sha256: string) => void): AsyncGenerator<Uint8Array> {
    const hash = createHash('sha256');
    const piece = (start: number) =>
      this.located.store.getRange(this.located.key, start, Math.min(start + PIECE, this.bytes));
    for (let start = 0; start < this.bytes; start += PIECE) {
      const bytes = await piece(start);
      hash.update(bytes);
      onRead?.(bytes.length);
      yield bytes;
    }
    onHash?.(hash.digest('hex'));
  }
}
