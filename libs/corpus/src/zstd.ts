import { compress, decompress, init } from '@bokuweb/zstd-wasm';

let ready: Promise<void> | undefined;

/** Loads the WebAssembly codec, once. */
export const loadZstd = (): Promise<void> => (ready ??= init());

/** One Zstandard frame, level 3. Only after loadZstd(). */
export const zstdCompress = (content: Uint8Array): Uint8Array => compress(content, 3);

/**
 * Only after loadZstd().
 * @param bytes size that the content must have
 * @throws Error when the frames are damaged, or give another size
 */
export function zstdDecompress(content: Uint8Array, bytes: number): Uint8Array {
  // The codec allocates what the frame says: a frame that lies must not get that far.
  const said = frameContentSize(content);
  if (said !== null && said > bytes) throw new Error(`holds ${said} bytes, ${bytes} are expected`);
  return decompress(content, { defaultHeapSize: bytes });
}

/** Size that the first frame's header gives, or null (RFC 8878, section 3.1.1.1). */
function frameContentSize(content: Uint8Array): number | null {
  const view = new DataView(content.buffer, content.byteOffset, content.byteLength);
  if (content.length < 18) return null;
  const descriptor = content[4]!;
  const singleSegment = (descriptor & 0x20) !== 0;
  const at = 5 + (singleSegment ? 0 : 1) + [0, 1, 2, 4][descriptor & 3]!;
  switch (descriptor >> 6) {
    case 0:
      return singleSegment ? content[at]! : null;
    case 1:
      return view.getUint16(at, true) + 256;
    case 2:
      return view.getUint32(at, true);
    default:
      return Number(view.getBigUint64(at, true));
  }
}
