import { LENGTH_BYTES, MAX_HEADER_BYTES, readHeader, type StoredTensor } from './safetensors-header.js';
import { fromBfloat16, fromFloat16 } from './half.js';
import { elements, type HostTensor, type TensorFile } from './tensors.js';

const STORED = { float32: 'F32', int32: 'I32' } as const;
/** The data begins at a multiple of this, so that a reader may map it into memory. */
const ALIGNMENT = 8;

/**
 * The bytes of a safetensors file (https://huggingface.co/docs/safetensors). The same tensors give the same bytes:
 * names are sorted by UTF-16 unit. Numbers are little-endian, as is every machine that Node's typed arrays run on here.
 * @throws TypeError when a tensor's data does not fit its shape
 */
export function encodeSafetensors(tensors: TensorFile): Uint8Array {
  const names = Object.keys(tensors).sort();
  const entries: string[] = [];
  let dataBytes = 0;
  for (const name of names) {
    const tensor = checked(name, tensors[name]!);
    const end = dataBytes + tensor.data.byteLength;
    const entry = { dtype: STORED[tensor.dtype], shape: tensor.shape, data_offsets: [dataBytes, end] };
    entries.push(`${JSON.stringify(name)}:${JSON.stringify(entry)}`);
    dataBytes = end;
  }
  const json = new TextEncoder().encode(`{${entries.join()}}`);
  const headerBytes = Math.ceil(json.length / ALIGNMENT) * ALIGNMENT;
  if (headerBytes > MAX_HEADER_BYTES)
    throw new TypeError(`${names.length} tensors need a header over ${MAX_HEADER_BYTES} bytes`);
  const file = new Uint8Array(LENGTH_BYTES + headerBytes + dataBytes);
  new DataView(file.buffer).setBigUint64(0, BigInt(headerBytes), true);
  file.set(json, LENGTH_BYTES);
  file.fill(0x20, LENGTH_BYTES + json.length, LENGTH_BYTES + headerBytes);
  let at = LENGTH_BYTES + headerBytes;
  for (const name of names) {
    const { data } = tensors[name]!;
    file.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at);
    at += data.byteLength;
  }
  return file;
}

/**
 * The tensors of a safetensors file: F32, I32, and F16 and BF16 widened to float32.
 * @param file what the file is called in messages
 * @throws OrestesError CHECKPOINT_CORRUPT naming the file and the tensor
 */
export function decodeSafetensors(content: Uint8Array, file: string): TensorFile {
  return Object.fromEntries(readHeader(content, file).map((stored) => [stored.name, decode(content, stored)]));
}

function decode(content: Uint8Array, { type, shape, begin, end }: StoredTensor): HostTensor {
  // A copy: aligned, and free of the file's other tensors. (slice of a Buffer would be a view.)
  const { buffer } = new Uint8Array(content.subarray(begin, end));
  switch (type) {
    case 'F32':
      return { shape, dtype: 'float32', data: new Float32Array(buffer) };
    case 'I32':
      return { shape, dtype: 'int32', data: new Int32Array(buffer) };
    case 'F16':
      return { shape, dtype: 'float32', data: fromFloat16(new Uint16Array(buffer)) };
    case 'BF16':
      return { shape, dtype: 'float32', data: fromBfloat16(new Uint16Array(buffer)) };
  }
}

function checked(name: string, tensor: HostTensor): HostTensor {
  if (name === '' || name === '__proto__' || name === '__metadata__')
    throw new TypeError(`tensor ${JSON.stringify(name)}: this name is not allowed`);
  if (tensor.data.length !== elements(tensor.shape))
    throw new TypeError(`tensor ${name}: ${tensor.data.length} elements do not fill shape [${tensor.shape.join()}]`);
  return tensor;
}
