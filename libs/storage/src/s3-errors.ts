import { types } from 'node:util';
import { OrestesError, UserError } from '@orestes/contracts';

/** Parts of the SDK's errors that are the same for all of them. */
interface ServiceError extends Error {
  $metadata?: { httpStatusCode?: number; attempts?: number };
}

export const statusOf = (error: unknown): number | undefined =>
  types.isNativeError(error) ? (error as ServiceError).$metadata?.httpStatusCode : undefined;

const DENIED = [
  'AccessDenied',
  'SignatureDoesNotMatch',
  'InvalidAccessKeyId',
  'ExpiredToken',
  'CredentialsProviderError',
];
const FULL = ['QuotaExceeded', 'XMinioStorageFull', 'XMinioStorageQuotaExceeded', 'InsufficientCapacity'];

/**
 * The typed error of a request that failed for good: OBJECT_MISSING, STORE_MISSING (no bucket), STORE_DENIED, STORE_FULL
 * or STORE_UNREACHABLE.
 * @param where address of the object
 * @param bytes how much was to be written, for writes
 */
export function s3Error(error: unknown, where: string, bytes?: number): OrestesError {
  if (error instanceof OrestesError) return error;
  const name = types.isNativeError(error) ? error.name : '';
  const status = statusOf(error);
  const raise = (code: string, message: string) => new OrestesError(code, `${where}: ${message}`, 1, { cause: error });
  if (name === 'NoSuchBucket') return raise('STORE_MISSING', 'there is no such bucket');
  if (name === 'NoSuchKey' || name === 'NotFound') return raise('OBJECT_MISSING', 'there is no such object');
  // versitygw answers an unknown access key by XAdminUserNotFound, status 404.
  if (status === 401 || status === 403 || DENIED.includes(name) || name === 'XAdminUserNotFound')
    return raise('STORE_DENIED', `the server refuses these credentials: ${describe(error)}`);
  if (status === 507 || FULL.includes(name))
    return raise('STORE_FULL', `no room: ${bytes ?? 0} bytes are needed: ${describe(error)}`);
  if (name === 'ObjectParentIsFile' || name === 'ExistingObjectIsDirectory')
    return new UserError(
      'INVALID_KEY',
      `${where}: on this server a key may not be both an object and a folder of others`,
      { cause: error },
    );
  return raise('STORE_UNREACHABLE', describe(error));
}

/** The failure in words, with its innermost network code: the SDK's own messages are often only `UnknownError`. */
export function describe(error: unknown): string {
  if (!types.isNativeError(error)) return String(error);
  const { attempts, httpStatusCode } = (error as ServiceError).$metadata ?? {};
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined;
  const inner = error instanceof AggregateError ? error.errors.map(describe).join('; ') : error.message;
  const details = [
    httpStatusCode && `status ${httpStatusCode}`,
    code,
    attempts && attempts > 1 && `${attempts} attempts`,
  ];
  const said = details.filter(Boolean).join(', ');
  return `${[error.name, inner].filter(Boolean).join(': ')}${said && ` (${said})`}`;
}
