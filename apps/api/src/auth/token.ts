import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

/** Characters of a key that it is looked up by; they tell nothing of the rest. */
const PREFIX = 12;
const SECRET_BYTES = 32;

export interface NewToken {
  /** Shown once. */
  token: string;
  prefix: string;
  hash: Buffer;
}

/** `kind` tells people, and scanners for leaked secrets, what it is. */
export function newToken(kind: 'ork' | 'ora'): NewToken {
  const token = `${kind}_${randomBytes(6)
    .toString('hex')
    .slice(0, PREFIX - 4)}_${randomBytes(SECRET_BYTES).toString('base64url')}`;
  return { token, prefix: prefixOf(token), hash: hashOf(token) };
}

const KEY = /^ork_[A-Za-z0-9]{8}_[A-Za-z0-9_-]{43,}$/;

/** What is kept of a key that was made elsewhere; null: it has not the form of one. */
export const madeElsewhere = (token: string): NewToken | null =>
  KEY.test(token) ? { token, prefix: prefixOf(token), hash: hashOf(token) } : null;

export const prefixOf = (token: string): string => token.slice(0, PREFIX);

/** The token has 256 random bits: a plain hash of it can't be searched through. */
const hashOf = (token: string): Buffer => createHash('sha256').update(token).digest();

export const matches = (token: string, hash: Buffer | null): boolean =>
  hash !== null && timingSafeEqual(hashOf(token), hash);

/** The token of an Authorization header, or null. */
export const bearerOf = (header: string | undefined): string | null =>
  /^Bearer +(\S+)$/i.exec(header ?? '')?.[1] ?? null;
