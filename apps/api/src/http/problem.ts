import type { ProblemDocument } from '@orestes/contracts';

type Fields = NonNullable<ProblemDocument['errors']>;

/** An answer that is an error: RFC 9457. */
export class ProblemError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    detail: string,
    readonly fields?: Fields,
    /** Seconds after which it may be tried again. */
    readonly retryAfter?: number,
  ) {
    super(detail);
  }
}

const TITLES: Record<number, string> = {
  400: 'Bad request',
  401: 'Not authenticated',
  403: 'Forbidden',
  404: 'Not found',
  405: 'Method not allowed',
  409: 'Conflict',
  413: 'Too large',
  415: 'Unsupported media type',
  422: 'Unprocessable',
  429: 'Too many requests',
  500: 'Internal error',
  503: 'Unavailable',
};

export function problemDocument({ status, code, message, fields }: ProblemError): ProblemDocument {
  const title = TITLES[status] ?? 'Error';
  return {
    type: `urn:orestes:problem:${code}`,
    title,
    status,
    detail: message,
    code,
    ...(fields && { errors: fields }),
  };
}

/** A code of its own: whoever asks for a job must not take a service that lacks the route for one that lacks the job. */
export const noRoute = (method: string, path: string) =>
  new ProblemError(404, 'ROUTE_UNKNOWN', `${method} ${path}: there is no such route (/docs lists them)`);

/** What is not there, or not this project's: the two are not told apart. */
export const notFound = (what: string, id: string) =>
  new ProblemError(404, 'NOT_FOUND', `${what} ${id.slice(0, 100)}: there is none with this id`);
