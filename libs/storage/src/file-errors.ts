import { statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { types } from 'node:util';
import { OrestesError, UserError } from '@orestes/contracts';

/** The system's code of a failure, as ENOENT; judged by its form, since errors may come from another realm. */
export const errnoOf = (error: unknown): string | undefined =>
  typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string'
    ? error.code
    : undefined;

/** True when there is no such object: nothing there, a folder, or a path through a file. */
export const isAbsent = (error: unknown) => ['ENOENT', 'ENOTDIR', 'EISDIR'].includes(errnoOf(error) ?? '');

/** The typed error of a failed read, listing or removal. */
export function readError(error: unknown, path: string): OrestesError {
  if (error instanceof OrestesError) return error;
  const errno = errnoOf(error);
  if (isAbsent(error))
    return new OrestesError('OBJECT_MISSING', `${path}: there is no such object`, 1, { cause: error });
  if (errno === 'EACCES' || errno === 'EPERM' || errno === 'EROFS') return denied(error, path, 'read or removed');
  return new OrestesError('STORE_UNREACHABLE', `${path}: ${messageOf(error)}`, 1, { cause: error });
}

/** The typed error of a failed write of `bytes` bytes. */
export async function writeError(error: unknown, path: string, bytes: number): Promise<OrestesError> {
  if (error instanceof OrestesError) return error;
  switch (errnoOf(error)) {
    case 'ENOSPC':
    case 'EDQUOT':
    case 'EFBIG': {
      const why = `${path}: no room: ${bytes} bytes are needed${await freeBytes(path)}`;
      return new OrestesError('STORE_FULL', why, 1, { cause: error });
    }
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return denied(error, path, 'written');
    case 'EEXIST':
    case 'ENOTDIR':
    case 'EISDIR':
    case 'ENOTEMPTY':
      return new UserError('INVALID_KEY', `${path}: a key may not be both an object and a folder of others`, {
        cause: error,
      });
    case 'ENAMETOOLONG':
      return new UserError('INVALID_KEY', `${path}: the path is too long for this file system`, { cause: error });
    default:
      return new OrestesError('STORE_UNREACHABLE', `${path}: ${messageOf(error)}`, 1, { cause: error });
  }
}

const denied = (cause: unknown, path: string, what: string) =>
  new OrestesError('STORE_DENIED', `${path}: may not be ${what}: ${messageOf(cause)}`, 1, { cause });

const messageOf = (error: unknown) => (types.isNativeError(error) ? error.message : String(error));

/** What is free in the nearest folder that exists, for the message. */
async function freeBytes(path: string): Promise<string> {
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    const free = await statfs(folder).catch(() => null);
    if (free) return `, ${free.bavail * free.bsize} are free`;
    if (folder === dirname(folder)) return '';
  }
}
