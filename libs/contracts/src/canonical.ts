import { createHash } from 'node:crypto';

/**
 * Canonical JSON (RFC 8785): object keys sorted by UTF-16 code unit, numbers as ECMAScript writes them, no white space.
 * Fields that are undefined are left out.
 * @throws TypeError for what JSON cannot hold: numbers that are not finite, unpaired surrogates, undefined in a list
 */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${Array.from(value, canonicalJson).join(',')}]`;
  if (value !== null && typeof value === 'object') {
    const entries = Object.entries(value).filter(([, v]) => v !== undefined);
    entries.sort(([a], [b]) => (a < b ? -1 : 1));
    return `{${entries.map(([k, v]) => `${canonicalJson(k)}:${canonicalJson(v)}`).join(',')}}`;
  }
  if (!isScalar(value)) throw new TypeError(`${typeof value} ${String(value)} has no canonical JSON`);
  return JSON.stringify(value);
}

function isScalar(value: unknown): boolean {
  if (typeof value === 'number') return Number.isFinite(value);
  if (typeof value === 'string') return !/\p{Surrogate}/u.test(value);
  return value === null || typeof value === 'boolean';
}

/** Lower-case hexadecimal SHA-256. */
export const sha256 = (content: string | Uint8Array): string => createHash('sha256').update(content).digest('hex');

/** SHA-256 of a document's canonical JSON. */
export const documentHash = (value: unknown): string => sha256(canonicalJson(value));
