import { types } from 'node:util';

export type ClusterErrorCode =
  'TOOL_MISSING' | 'BUILD_FAILED' | 'NOT_STARTED' | 'NOT_STOPPED' | 'KUBECTL_FAILED' | 'REFUSED' | 'USAGE';

/** Something about the development cluster that a person can act on; the message is one line, or ends in a program's own words. */
export class ClusterError extends Error {
  constructor(
    readonly code: ClusterErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = 'ClusterError';
  }
}

/** An error's message, whatever was thrown, and in whichever realm. */
export const messageOf = (error: unknown): string => (types.isNativeError(error) ? error.message : String(error));

/** Whether the file system said so: ENOENT, EEXIST. */
export const isCode = (error: unknown, code: string): boolean =>
  types.isNativeError(error) && (error as NodeJS.ErrnoException).code === code;
