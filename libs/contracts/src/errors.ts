import { showKey } from './show.js';

/** What a failure means to the process that runs a job: 0 done, 1 failed, 2 the user's mistake. */
export type ExitCode = 1 | 2;

/**
 * An error a person is meant to read: what was wrong, where, what is allowed. `code` is stable and documented;
 * `exitCode` is 2 where the user's input is at fault.
 */
export class OrestesError extends Error {
  constructor(
    readonly code: string,
    message: string,
    readonly exitCode: ExitCode = 1,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = 'OrestesError';
  }
}

/** Something in the user's spec, file or command is wrong. */
export class UserError extends OrestesError {
  constructor(code: string, message: string, options?: ErrorOptions) {
    super(code, message, 2, options);
    this.name = 'UserError';
  }
}

/** One thing that is wrong with a document. */
export interface Problem {
  /** Of the field, from the document's root. */
  path: readonly PropertyKey[];
  message: string;
  /** The values of a choice. */
  allowed?: readonly string[];
}

/** A document that does not fit its schema; the message has a line for each problem. */
export class InvalidDocument extends UserError {
  /** @param where what the document is called in the message, for example `spec` */
  constructor(
    where: string,
    readonly problems: readonly Problem[],
  ) {
    const line = ({ path, message }: Problem) => `${[where, ...path.map(showKey)].join('.')}: ${message}`;
    super('INVALID_SPEC', problems.map(line).join('\n'));
  }
}
