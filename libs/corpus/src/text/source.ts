import { createHash } from 'node:crypto';
import { basename, dirname } from 'node:path';
import { UserError } from '@orestes/contracts';
import { formatS3, openStore, parseAddress, type ObjectStore } from '@orestes/storage';
import { Slots } from '../slots.js';

/** Bytes that are asked of the store at once. */
const PIECE = 1 << 22;

/** One object of a store, by its address. */
export interface Located {
  store: ObjectStore;
  key: string;
}

/**
 * The store and key of a single file: a path, file:// or s3:// address.
 * @param stores those that were opened before, by address: files of one folder or bucket share one, and its connections
 */
export function locate(address: string, stores = new Map<string, ObjectStore>()): Located {
  const parsed = parseAddress(address);
  const [root, key] =
    parsed.scheme === 'file'
      ? [dirname(parsed.path), basename(parsed.path)]
      : [formatS3({ ...parsed, prefix: '' }), parsed.prefix];
  const store = stores.get(root) ?? openStore(root);
  stores.set(root, store);
  return { store, key };
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
  static openAll(addresses: readonly string[]): Promise<TextSource[]> {
    const stores = new Map<string, ObjectStore>();
    const slots = new Slots();
    return Promise.all(addresses.map((address) => slots.run(() => TextSource.open(address, locate(address, stores)))));
  }

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
