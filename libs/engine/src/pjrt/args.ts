import koffi from 'koffi';

/** A native address. */
export type Address = bigint;

/**
 * An argument struct of the PJRT C API: 8-byte slots, of which slot 0 holds the struct's size and slot 1 the extensions.
 * It keeps alive every buffer whose address it holds.
 */
export class Args {
  readonly bytes: Buffer;
  private readonly held: Buffer[] = [];

  constructor(slots: number) {
    this.bytes = Buffer.alloc(slots * 8);
    this.bytes.writeBigUInt64LE(BigInt(this.bytes.length), 0);
  }

  set(slot: number, value: Buffer | Args | Address | number): this {
    this.bytes.writeBigInt64LE(BigInt.asIntN(64, this.toWord(value)), slot * 8);
    return this;
  }

  get(slot: number): Address {
    return this.bytes.readBigUInt64LE(slot * 8);
  }

  /** Keeps buffers alive that are reached only through addresses inside other buffers. */
  hold(...buffers: Buffer[]): this {
    this.held.push(...buffers);
    return this;
  }

  private toWord(value: Buffer | Args | Address | number): bigint {
    if (value instanceof Args) value = value.bytes;
    if (!Buffer.isBuffer(value)) return BigInt(value);
    this.held.push(value);
    return addressOf(value);
  }
}

export const addressOf = (buffer: Buffer): Address => BigInt(koffi.address(buffer));

/** An array of addresses, as the C API takes them. */
export function addressArray(addresses: readonly Address[]): Buffer {
  const buffer = Buffer.alloc(8 * Math.max(1, addresses.length));
  addresses.forEach((a, i) => buffer.writeBigUInt64LE(a, 8 * i));
  return buffer;
}

export const readAddresses = (buffer: Buffer, count: number): Address[] =>
  Array.from({ length: count }, (_, i) => buffer.readBigUInt64LE(8 * i));

export const int64Array = (values: readonly number[]): Buffer => addressArray(values.map(BigInt));

/** Text of the given length at an address. */
export const readText = (address: Address, length: number): string =>
  length === 0 ? '' : (koffi.decode(address, koffi.array('char', length, 'String')) as string);

/** The 64-bit word at an address plus offset. */
export const readWord = (address: Address, offset = 0): Address =>
  BigInt(koffi.decode(address, offset, 'uint64') as number | bigint);

/** A copy of native memory. */
export const readBytes = (address: Address, length: number): Buffer =>
  Buffer.from(koffi.decode(address, koffi.array('uint8_t', length, 'Typed')) as Uint8Array);
