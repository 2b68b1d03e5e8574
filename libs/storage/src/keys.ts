import { UserError } from '@orestes/contracts';

/** Names of half-written files begin like this; no key may. */
export const TEMPORARY_PREFIX = '.orestes-tmp-';

const MAX_KEY_BYTES = 1024;
const MAX_SEGMENT_BYTES = 255;
/** Control characters, lone surrogates and what XML cannot carry. */
const UNUSABLE = /[\p{Cc}\p{Cs}\ufffe\uffff]/u;

/**
 * Refuses keys that some driver could not hold, or that would leave the store's root.
 * @throws UserError INVALID_KEY
 */
export function checkKey(key: string): void {
  const wrong = keyProblem(key);
  if (wrong) throw new UserError('INVALID_KEY', `key ${JSON.stringify(key)}: ${wrong}`);
}

/** Refuses prefixes that no key could start with. @throws UserError INVALID_KEY */
export function checkPrefix(prefix: string): void {
  if (UNUSABLE.test(prefix))
    throw new UserError('INVALID_KEY', `prefix ${JSON.stringify(prefix)}: has control characters`);
  const folder = prefix.slice(0, Math.max(prefix.lastIndexOf('/'), 0));
  if (folder !== '' || prefix.startsWith('/')) checkKey(folder);
}

/** What is wrong with a key, or null. */
export function keyProblem(key: string): string | null {
  if (key === '') return 'is empty';
  if (UNUSABLE.test(key)) return 'has control characters or unpaired surrogates';
  if (Buffer.byteLength(key) > MAX_KEY_BYTES) return `is longer than ${MAX_KEY_BYTES} bytes`;
  for (const segment of key.split('/')) {
    if (segment === '') return 'has an empty segment (keys are relative: a/b/c)';
    if (segment === '.' || segment === '..') return `has a segment ${JSON.stringify(segment)}`;
    if (segment.startsWith(TEMPORARY_PREFIX))
      return `has a segment that starts with ${TEMPORARY_PREFIX}, which is reserved`;
    if (Buffer.byteLength(segment) > MAX_SEGMENT_BYTES) return `has a segment longer than ${MAX_SEGMENT_BYTES} bytes`;
  }
  return null;
}
