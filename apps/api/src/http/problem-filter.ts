import { Catch, HttpException, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import { InvalidDocument, OrestesError, UserError, type Problem } from '@orestes/contracts';
import type { Request, Response } from 'express';
import type { Logger } from 'pino';
import { isDatabaseAway } from './database-away.js';
import { noRoute, problemDocument, ProblemError } from './problem.js';

/** A request asks the cluster's apiserver for nothing but who calls: it refuses that while it starts, or lacks a right. */
const KUBERNETES_AWAY = new Set(['KUBERNETES_UNREACHABLE', 'KUBERNETES_REFUSED']);

/** Every error leaves as a problem document; one that nobody foresaw is logged, and tells nothing of the inside. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  constructor(private readonly log: Logger) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const [request, response] = [http.getRequest<Request>(), http.getResponse<Response>()];
    const problem = problemOf(error, request);
    if (problem.status >= 500) this.log.error({ err: error, url: request.path }, 'request failed');
    if (response.headersSent) return void response.end();
    sendProblem(response, problem);
  }
}

export function sendProblem(response: Response, problem: ProblemError): void {
  if (problem.retryAfter !== undefined) response.setHeader('retry-after', String(problem.retryAfter));
  if (problem.status === 401) response.setHeader('www-authenticate', 'Bearer');
  response
    .status(problem.status)
    .type('application/problem+json')
    .send(JSON.stringify(problemDocument(problem)));
}

function problemOf(error: unknown, request: Request): ProblemError {
  if (error instanceof ProblemError) return error;
  if (error instanceof InvalidDocument)
    return new ProblemError(400, error.code, error.message, error.problems.map(fieldOf));
  if (error instanceof UserError) return new ProblemError(400, error.code, error.message);
  if (isDatabaseAway(error))
    return away('DATABASE_UNAVAILABLE', 'the database does not answer; nothing was changed that is not confirmed');
  if (error instanceof OrestesError && KUBERNETES_AWAY.has(error.code))
    return away(error.code, 'the Kubernetes API does not tell who calls; nothing was changed');
  if (error instanceof HttpException) return fromNest(error, request);
  if (error instanceof OrestesError) return new ProblemError(500, error.code, error.message);
  return new ProblemError(500, 'INTERNAL', 'an error of the service itself; its log says more');
}

const away = (code: string, detail: string) => new ProblemError(503, code, detail, undefined, 1);

function fromNest(error: HttpException, { method, path }: Request): ProblemError {
  const status = error.getStatus();
  if (status === 404) return noRoute(method, path);
  if (status === 429) return new ProblemError(429, 'RATE_LIMITED', 'too many requests', undefined, 60);
  return new ProblemError(status, 'HTTP_ERROR', error.message);
}

/** JSON pointer, RFC 6901. */
const fieldOf = ({ path, message, allowed }: Problem) => ({
  pointer: path.map((key) => `/${String(key).replaceAll('~', '~0').replaceAll('/', '~1')}`).join(''),
  message,
  ...(allowed && { allowed: [...allowed] }),
});
