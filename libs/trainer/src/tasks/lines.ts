import { keep, UnusableRow, type DroppedRows } from './dropped.js';

/** A line longer than this is no sentence. */
const MAX_LINE_BYTES = 1 << 20;

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

export interface Line {
  /** 1-based. */
  line: number;
  value: string;
}

/** Lines that are UTF-8, without their LF or CRLF. */
export function decodeLines(content: Uint8Array, dropped: DroppedRows): Line[] {
  const lines: Line[] = [];
  let start = content[0] === 0xef && content[1] === 0xbb && content[2] === 0xbf ? 3 : 0;
  for (let line = 1; start < content.length; line++) {
    const newline = content.indexOf(0x0a, start);
    const end = newline < 0 ? content.length : newline;
    keep(dropped, line, () => lines.push({ line, value: decode(content.subarray(start, end)) }));
    start = end + 1;
  }
  return lines;
}

function decode(bytes: Uint8Array): string {
  if (bytes.length > MAX_LINE_BYTES) throw new UnusableRow(`longer than ${MAX_LINE_BYTES} bytes`);
  try {
    return UTF8.decode(bytes).replace(/\r$/, '');
  } catch {
    throw new UnusableRow('not UTF-8');
  }
}
