import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { types } from 'node:util';
import type { GetObjectCommandOutput } from '@aws-sdk/client-s3';
import { OrestesError } from '@orestes/contracts';
import { describe, statusOf } from './s3-errors.js';
import { allocate, tooShort } from './store.js';

export interface DownloadTiming {
  /** A body that brings no byte for this long is cut and resumed. */
  idleMs: number;
  /** A body slower than this on average is cut and resumed. */
  minimumBytesPerSecond: number;
  /** Failures in a row, without PROGRESS_BYTES in between, before the read is given up. */
  attempts: number;
  /** Pause before the second try; doubles with each failure up to 16-fold. */
  backoffMs: number;
}

/** Asks for an object, or bytes [start, end) of it, on the condition that its ETag is still `ifMatch`. */
export type Request = (
  range: [number, number] | undefined,
  ifMatch: string | undefined,
  abort: AbortSignal,
) => Promise<GetObjectCommandOutput>;

const PROGRESS_BYTES = 1 << 20;

/** One version of an object as far as it is here. */
interface Received {
  etag: string | undefined;
  /** Base64 SHA-256 of the whole, where the server keeps one and the whole was asked for. */
  sha256: string | undefined;
  content: Uint8Array;
  filled: number;
  resumed: boolean;
}

/**
 * Reads a body to its last byte. The SDK retries requests but not bodies, so a body that is cut, stalls or drips is
 * continued by a ranged request for the same version (If-Match); lengths are checked against the headers, the whole
 * against its checksum. A version that changed meanwhile is read from its beginning.
 * @param range bytes [start, end), or undefined for the whole object
 * @throws OrestesError STORE_UNREACHABLE, OBJECT_CORRUPT, OBJECT_TOO_SHORT; the request's own errors as they are
 */
export async function download(
  request: Request,
  range: [number, number] | undefined,
  where: string,
  timing: DownloadTiming,
) {
  let partial: Received | undefined;
  let failures = 0;
  for (;;) {
    const before = partial?.filled ?? 0;
    const abort = new AbortController();
    try {
      const response = await ask(request, range, partial, abort.signal);
      partial = accept(response, range, partial, where);
      await drain(response.Body, partial, abort, timing);
      checkWhole(partial);
      return partial.content;
    } catch (error) {
      if (!(error instanceof BodyError)) throw error;
      if (error.fromStart) partial = undefined;
      failures = (partial?.filled ?? 0) - before >= PROGRESS_BYTES ? 1 : failures + 1;
      if (failures >= timing.attempts) throw givenUp(error, where, failures, partial);
      await sleep(timing.backoffMs * 2 ** Math.min(failures - 1, 4) * (0.5 + Math.random() / 2));
    } finally {
      abort.abort();
    }
  }
}

/** A body that came in a way that another request may mend. */
class BodyError extends Error {
  constructor(
    message: string,
    readonly fromStart: boolean,
    readonly corrupt = false,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

async function ask(
  request: Request,
  range: [number, number] | undefined,
  partial: Received | undefined,
  signal: AbortSignal,
) {
  if (!partial) return request(range, undefined, signal);
  const start = (range?.[0] ?? 0) + partial.filled;
  try {
    return await request([start, start - partial.filled + partial.content.length], partial.etag, signal);
  } catch (error) {
    if (statusOf(error) !== 412) throw error;
    throw new BodyError('the object was replaced while it was read', true, false, { cause: error });
  }
}

/** Checks a response's headers against what was asked for. */
function accept(
  response: GetObjectCommandOutput,
  range: [number, number] | undefined,
  partial: Received | undefined,
  where: string,
): Received {
  const length = response.ContentLength;
  if (length === undefined) throw new BodyError('the server gives no Content-Length', true);
  if (partial) {
    const start = (range?.[0] ?? 0) + partial.filled;
    checkContentRange(response.ContentRange, start, start + partial.content.length - partial.filled);
    if (length !== partial.content.length - partial.filled)
      throw new BodyError(`the server sends ${length} bytes of a rest`, true);
    return { ...partial, resumed: true };
  }
  if (range) {
    const total = Number(/\/(\d+)$/.exec(response.ContentRange ?? '')?.[1] ?? NaN);
    if (range[1] > total) throw tooShort(where, range[1], total);
    checkContentRange(response.ContentRange, ...range);
  }
  const whole = range === undefined && !response.ChecksumSHA256?.includes('-');
  return {
    etag: response.ETag,
    sha256: whole ? response.ChecksumSHA256 : undefined,
    content: allocate(range ? range[1] - range[0] : length, where),
    filled: 0,
    resumed: false,
  };
}

function checkContentRange(header: string | undefined, start: number, end: number): void {
  if (!header?.startsWith(`bytes ${start}-${end - 1}/`))
    throw new BodyError(`asked for bytes ${start}-${end - 1}, the server sends ${header ?? 'the whole'}`, true);
}

/** Moves a body into `partial`, counting what arrived even when it fails. */
async function drain(body: unknown, partial: Received, abort: AbortController, timing: DownloadTiming): Promise<void> {
  if (!(body instanceof Readable)) throw new BodyError('the response has no body', false);
  const missing = partial.content.length - partial.filled;
  const budgetMs = timing.idleMs + (missing / timing.minimumBytesPerSecond) * 1000;
  let cut = '';
  const stop = (why: string) => {
    cut = why;
    body.destroy(new Error(why));
    abort.abort();
  };
  const slow = setTimeout(() => stop(`the body was slower than ${timing.minimumBytesPerSecond} bytes/s`), budgetMs);
  const idle = setTimeout(() => stop(`no byte came for ${timing.idleMs} ms`), timing.idleMs);
  try {
    for await (const chunk of body as AsyncIterable<Uint8Array>) {
      idle.refresh();
      if (partial.filled + chunk.length > partial.content.length)
        throw new BodyError('more bytes came than announced', true);
      partial.content.set(chunk, partial.filled);
      partial.filled += chunk.length;
    }
  } catch (error) {
    if (error instanceof BodyError) throw error;
    const corrupt = types.isNativeError(error) && error.message.startsWith('Checksum mismatch');
    throw new BodyError(cut || describe(error), corrupt, corrupt, { cause: error });
  } finally {
    clearTimeout(slow);
    clearTimeout(idle);
  }
  if (partial.filled < partial.content.length) throw new BodyError(cut || 'the body ended early', false);
}

/** The SDK checks a body that came in one piece; a mended one is checked here. */
function checkWhole({ resumed, sha256, content }: Received): void {
  if (!resumed || sha256 === undefined) return;
  const found = createHash('sha256').update(content).digest('base64');
  if (found !== sha256)
    throw new BodyError(`Checksum mismatch: expected SHA-256 ${sha256}, found ${found}`, true, true);
}

function givenUp(error: BodyError, where: string, failures: number, partial: Received | undefined): OrestesError {
  const progress = partial ? ` at byte ${partial.filled} of ${partial.content.length}` : '';
  const message = `${where}: ${error.message}${progress} (${failures} attempts)`;
  return new OrestesError(error.corrupt ? 'OBJECT_CORRUPT' : 'STORE_UNREACHABLE', message, 1, { cause: error });
}
