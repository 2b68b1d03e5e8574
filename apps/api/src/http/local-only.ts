import type { NextFunction, Request, Response } from 'express';
import { isLoopback } from '../config.js';
import { ProblemError } from './problem.js';
import { sendProblem } from './problem-filter.js';

/**
 * Without keys, a page of another site that the user's browser shows must not reach the service: neither under a name that
 * resolves to this machine (Host), nor by a request across origins (Origin).
 */
export function localOnly(request: Request, response: Response, next: NextFunction): void {
  const { host = '', origin } = request.headers;
  const name = (url: string) => (URL.canParse(url) ? new URL(url).hostname.replace(/^\[|\]$/g, '') : '');
  if (!isLoopback(name(`http://${host}`)))
    return sendProblem(
      response,
      new ProblemError(403, 'HOST_REFUSED', `host ${host}: this service answers to localhost only`),
    );
  if (origin !== undefined && new URL(`http://${host}`).host !== (URL.canParse(origin) ? new URL(origin).host : ''))
    return sendProblem(
      response,
      new ProblemError(403, 'ORIGIN_REFUSED', 'a page of another site may not use this service'),
    );
  next();
}
