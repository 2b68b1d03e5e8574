import { randomBytes } from 'node:crypto';

let last = 0n;

/** A UUID of version 7 (RFC 9562): 48 bits of milliseconds, then 12 of a counter here, then random ones. Rises in a process. */
export function newId(now = Date.now()): string {
  const time = BigInt(now) << 12n;
  last = time > last ? time : last + 1n;
  const head = last.toString(16).padStart(15, '0');
  const tail = randomBytes(8);
  tail[0] = (tail[0]! & 0x3f) | 0x80;
  const end = tail.toString('hex');
  return `${head.slice(0, 8)}-${head.slice(8, 12)}-7${head.slice(12)}-${end.slice(0, 4)}-${end.slice(4)}`;
}
