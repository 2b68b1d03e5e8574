import express, { type NextFunction, type Request, type RequestHandler, type Response } from 'express';
import { ProblemError } from './problem.js';
import { sendProblem } from './problem-filter.js';

const DEEPEST = 64;

/**
 * Reads JSON bodies: UTF-8, not longer than allowed, nested at most 64 deep, without characters that the database can't hold. A
 * request without a body has none: its handler says what is missing.
 * @param limits bytes at most, by the path's prefix
 * @param otherwise bytes at most of other paths
 */
export function jsonBody(limits: Readonly<Record<string, number>>, otherwise: number): RequestHandler {
  const reader = (limit: number) => ({ limit, read: express.raw({ type: () => true, limit }) });
  const special = Object.entries(limits).map(([prefix, limit]) => ({ prefix, ...reader(limit) }));
  const common = reader(otherwise);
  return (request: Request, response: Response, next: NextFunction) => {
    const { limit, read } = special.find(({ prefix }) => request.path.startsWith(prefix)) ?? common;
    read(request, response, (error?: unknown) => {
      try {
        if (error) throw refusal(error, limit);
        const body: unknown = request.body;
        request.body = body instanceof Buffer && body.length > 0 ? parse(request, body) : undefined;
      } catch (problem) {
        // What is left of too long a body is not read: the connection can't be used again.
        if (error) response.setHeader('connection', 'close');
        return sendProblem(response, problem as ProblemError);
      }
      next();
    });
  };
}

function parse(request: Request, body: Buffer): unknown {
  const type = request.headers['content-type'] ?? '';
  if (!/^application\/([\w.+-]+\+)?json\s*(;|$)/i.test(type))
    throw new ProblemError(415, 'MEDIA_TYPE', `content-type ${type || 'is missing'} (allowed: application/json)`);
  const text = decode(body);
  if (deeperThan(DEEPEST, text)) throw bad(`nested more than ${DEEPEST} deep`);
  try {
    const value: unknown = JSON.parse(text);
    const where = unstorable(value, '');
    if (where === null) return value;
    throw new ProblemError(400, 'INVALID_SPEC', `${where || 'the body'}: has a NUL or an unpaired surrogate`, [
      { pointer: where, message: 'has a NUL character or an unpaired surrogate, which no text has' },
    ]);
  } catch (error) {
    if (error instanceof ProblemError) throw error;
    throw bad(`not JSON: ${(error as Error).message}`);
  }
}

const bad = (why: string) => new ProblemError(400, 'BODY_UNREADABLE', `the body is ${why}`);

function decode(body: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(body);
  } catch {
    throw bad('not UTF-8 text');
  }
}

function refusal(error: unknown, limit: number): ProblemError {
  const { status, type } = error as { status?: number; type?: string };
  if (type === 'entity.too.large')
    return new ProblemError(413, 'BODY_TOO_LARGE', `the body has more than ${limit} bytes`);
  if (status === 415) return new ProblemError(415, 'MEDIA_TYPE', 'this content-encoding is not supported');
  return bad('not whole');
}

/** Counted without recursion, and without parsing. */
function deeperThan(limit: number, text: string): boolean {
  let depth = 0;
  let quoted = false;
  for (let i = 0; i < text.length; i++) {
    const c = text[i];
    if (quoted) {
      if (c === '\\') i++;
      else if (c === '"') quoted = false;
    } else if (c === '"') quoted = true;
    else if (c === '[' || c === '{') {
      if (++depth > limit) return true;
    } else if (c === ']' || c === '}') depth--;
  }
  return false;
}

/** JSON pointer of the first text that PostgreSQL can't store, or null. */
function unstorable(value: unknown, at: string): string | null {
  if (typeof value === 'string') return /[\0\p{Surrogate}]/u.test(value) ? at : null;
  if (value === null || typeof value !== 'object') return null;
  for (const [key, field] of Object.entries(value)) {
    const found = unstorable(key, at) ?? unstorable(field, `${at}/${key}`);
    if (found !== null) return found;
  }
  return null;
}
