import { closeSync, openSync, readSync, statSync } from 'node:fs';

const HEADER_BYTES = 64;
const MACHINES: Readonly<Partial<Record<NodeJS.Architecture, number>>> = { x64: 0x3e, arm64: 0xb7 };

/**
 * Why a file cannot be a shared library of this machine (ELF, 64 bits), or null. Loading one that was cut short ends the
 * process without a word, so that must be seen before.
 */
export function faultOfLibrary(path: string): string | null {
  const status = statSync(path);
  if (!status.isFile()) return 'not a file';
  const header = Buffer.alloc(HEADER_BYTES);
  const file = openSync(path, 'r');
  try {
    if (readSync(file, header) < HEADER_BYTES) return 'not a shared library';
  } finally {
    closeSync(file);
  }
  if (header.toString('latin1', 0, 4) !== '\x7fELF' || header[4] !== 2) return 'not a shared library';
  if (header.readUInt16LE(18) !== MACHINES[process.arch]) return `not made for ${process.arch}`;
  // The table of sections lies at the end of what linkers write.
  const end = Number(header.readBigUInt64LE(40)) + header.readUInt16LE(58) * header.readUInt16LE(60);
  return end > status.size ? `cut short (${status.size} bytes of ${end})` : null;
}
