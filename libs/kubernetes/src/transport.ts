import { UserError } from '@orestes/contracts';
import type { Agent, Dispatcher } from 'undici';
import { backoffMs, pause } from './clock.js';
import type { Connection } from './connection.js';
import { KubernetesError, refused, unreachable } from './errors.js';
import type { TokenBucket } from './rate-limit.js';

export type Verb = 'get' | 'list' | 'create' | 'apply' | 'patch' | 'delete' | 'watch';

export interface ApiRequest {
  verb: Verb;
  method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  /** Plural, with its subresource, for counts: `jobs`, `jobs/status`. */
  resource: string;
  /** Which object, for messages. */
  where: string;
  path: string;
  query?: Record<string, string | number | boolean | undefined>;
  body?: unknown;
  contentType?: string;
  /** Whether doing it twice is as good as once. */
  idempotent: boolean;
  signal?: AbortSignal;
}

export interface RequestCount {
  verb: Verb;
  resource: string;
  /** `2xx`, `4xx`, ...; `none` when there was no answer. */
  status: string;
  count: number;
}

export interface TransportOptions {
  userAgent: string;
  /** For each attempt, from connecting to the answer's last byte. */
  timeoutMs: number;
  /** Attempts after the first. */
  retries: number;
  limit: TokenBucket | null;
  random: () => number;
}

const BACKOFF = { baseMs: 100, mostMs: 5_000 };
const LONGEST_RETRY_AFTER_MS = 10_000;

/** Sends requests: turns, time limits, retries, counts. It knows HTTP and no kinds. */
export class Transport {
  private readonly counts = new Map<string, RequestCount>();

  constructor(
    private readonly connection: Connection,
    private readonly options: TransportOptions,
  ) {}

  get requests(): RequestCount[] {
    return [...this.counts.values()].map((count) => ({ ...count }));
  }

  /**
   * The answer's JSON.
   * @throws KubernetesError; UserError KUBERNETES_CONFIG (see Connection); the signal's reason when it aborts
   */
  async send<R>(request: ApiRequest): Promise<R> {
    for (let failures = 1; ; failures++) {
      try {
        return (await this.attempt(request)) as R;
      } catch (error) {
        if (failures > this.options.retries || !mayRetry(error, request.idempotent)) throw error;
        const wait = Math.min(error.retryAfterMs ?? 0, LONGEST_RETRY_AFTER_MS);
        await pause(wait + backoffMs(BACKOFF, failures, this.options.random), request.signal);
        request.signal?.throwIfAborted();
      }
    }
  }

  /**
   * The answer's body as it comes; `timeoutMs` is for its beginning.
   * @param silenceMs between two of its chunks
   */
  async open(request: ApiRequest, silenceMs: number): Promise<Dispatcher.ResponseData['body']> {
    await this.options.limit?.take(request.signal);
    const limit = this.limited(request);
    try {
      const { statusCode, body } = await this.dispatch(request, limit, silenceMs);
      limit.stopTimer();
      body.once('close', limit.release);
      body.once('error', (error) => this.suspect(error, limit));
      this.count(request, statusCode);
      return body;
    } catch (error) {
      limit.release();
      throw this.failure(request, error, limit);
    }
  }

  close(): Promise<void> {
    return this.connection.close();
  }

  private async attempt(request: ApiRequest): Promise<unknown> {
    await this.options.limit?.take(request.signal);
    const limit = this.limited(request);
    try {
      const { statusCode, body } = await this.dispatch(request, limit, this.options.timeoutMs);
      const answer = await body.json();
      this.count(request, statusCode);
      return answer;
    } catch (error) {
      throw this.failure(request, error, limit);
    } finally {
      limit.release();
    }
  }

  private async dispatch(request: ApiRequest, limit: Limit, bodyTimeout: number): Promise<Dispatcher.ResponseData> {
    const { agent, headers } = await this.connection.credentials();
    limit.agent = agent;
    const { method, path, body, contentType = 'application/json' } = request;
    const answer = await agent.request({
      origin: this.connection.origin,
      path: this.connection.prefix + path + queryOf(request.query ?? {}),
      method,
      headers: {
        ...headers,
        accept: 'application/json',
        'user-agent': this.options.userAgent,
        ...(body === undefined ? {} : { 'content-type': contentType }),
      },
      body: body === undefined ? null : JSON.stringify(body),
      headersTimeout: 0, // the signal is more exact
      bodyTimeout,
      signal: limit.signal,
    });
    const { statusCode } = answer;
    if (statusCode >= 200 && statusCode < 300) return answer;
    throw refused(messageOf(request), statusCode, await answer.body.text(), one(answer.headers['retry-after']));
  }

  private failure(request: ApiRequest, error: unknown, limit: Limit): unknown {
    if (request.signal?.aborted) return request.signal.reason;
    this.suspect(error, limit);
    const cause: unknown = limit.signal.aborted ? limit.signal.reason : error;
    if (cause instanceof UserError) return cause; // of the credentials
    const failed = cause instanceof KubernetesError ? cause : unreachable(messageOf(request), cause);
    this.count(request, failed.status);
    return failed;
  }

  /** After silence, not after a connection that was ended: then both sides know. */
  private suspect(error: unknown, { agent, late }: Limit): void {
    const silent = late() || (error as { code?: unknown } | null)?.code === 'UND_ERR_BODY_TIMEOUT';
    if (agent && silent) this.connection.suspect(agent);
  }

  private count({ verb, resource }: ApiRequest, code: number): void {
    const status = code === 0 ? 'none' : `${Math.floor(code / 100)}xx`;
    const key = [verb, resource, status].join(' ');
    const known = this.counts.get(key);
    if (known) known.count++;
    else this.counts.set(key, { verb, resource, status, count: 1 });
  }

  /** The caller's signal and the time limit as one. AbortSignal.any would keep a listener on long-lived signals. */
  private limited({ signal }: ApiRequest): Limit {
    const controller = new AbortController();
    const error = new Error(`no answer within ${this.options.timeoutMs / 1000} s`);
    const timer = setTimeout(() => controller.abort(error), this.options.timeoutMs);
    const forward = () => controller.abort(signal?.reason);
    if (signal?.aborted) forward();
    signal?.addEventListener('abort', forward, { once: true });
    return {
      signal: controller.signal,
      agent: null,
      late: () => controller.signal.reason === error,
      stopTimer: () => clearTimeout(timer),
      release: () => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', forward);
      },
    };
  }
}

interface Limit {
  signal: AbortSignal;
  /** Over which it went, once that is known. */
  agent: Agent | null;
  /** Whether the time was over. */
  late: () => boolean;
  stopTimer: () => void;
  release: () => void;
}

/**
 * A request that may have been carried out is sent again only when that does no harm. 429 says that it was not (API
 * priority and fairness refuses before it acts); a 503 may come from something in between.
 */
function mayRetry(error: unknown, idempotent: boolean): error is KubernetesError {
  if (!(error instanceof KubernetesError)) return false;
  if (error.status === 0) return idempotent || !error.sent;
  if (error.retryAfterMs === null) return false;
  return error.status === 429 || (error.status === 503 && idempotent);
}

const messageOf = ({ verb, resource, where }: ApiRequest) => [verb, resource, where].filter(Boolean).join(' ');
const one = (header: string | string[] | undefined) => (Array.isArray(header) ? header[0] : header);

function queryOf(values: NonNullable<ApiRequest['query']>): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(values)) if (value !== undefined) query.set(name, String(value));
  return query.size > 0 ? `?${query.toString()}` : '';
}
