import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { OrestesError, ProblemDocument, UserError } from '@orestes/contracts';

export interface ServerOptions {
  /** The service's address. */
  server: string;
}

interface Ask {
  method?: 'GET' | 'POST' | 'DELETE';
  query?: Readonly<Record<string, string | readonly string[] | undefined>>;
  body?: unknown;
  /** Of a request that may be sent again: then it is, where the answer is lost. */
  idempotencyKey?: string;
}

const TRIES = 5;

/** The service as a person's command sees it. */
export class ServiceClient {
  private readonly headers: Record<string, string>;

  constructor(private readonly server: string) {
    if (!URL.canParse(server) || !/^https?:$/.test(new URL(server).protocol))
      throw new UserError('USAGE', `--server: ${server} is not an address (allowed: http://host:port, https://host)`);
    const key = process.env['ORESTES_API_KEY'];
    this.headers = key ? { authorization: `Bearer ${key}` } : {};
  }

  /** Whether it runs on this machine, so that paths mean the same here and there. */
  get isLocal(): boolean {
    return ['localhost', '127.0.0.1', '[::1]'].includes(new URL(this.server).hostname);
  }

  /**
   * A document.
   * @throws OrestesError with the service's own code and words, API_UNREACHABLE
   */
  async ask<T>(path: string, ask: Ask = {}): Promise<T> {
    return (await (await this.open(path, ask)).json()) as T;
  }

  async text(path: string, ask: Ask = {}): Promise<string> {
    return (await this.open(path, ask)).text();
  }

  /** The answer, not yet read. */
  async open(path: string, ask: Ask = {}, init: RequestInit = {}): Promise<Response> {
    for (let left = ask.idempotencyKey === undefined && ask.method !== undefined ? 1 : TRIES; ; left--) {
      const response = await this.send(path, ask, init).catch((error: Error) => error);
      if (response instanceof Response && response.ok) return response;
      const problem = response instanceof Error ? unreachable(this.server, response) : await failure(response);
      if (left <= 1 || !isPassing(problem)) throw problem;
      await sleep(300);
    }
  }

  private send(
    path: string,
    { method = 'GET', query = {}, body, idempotencyKey }: Ask,
    init: RequestInit,
  ): Promise<Response> {
    const url = new URL(path, this.server);
    for (const [name, value] of Object.entries(query))
      for (const each of [value ?? []].flat()) url.searchParams.append(name, each);
    const headers: Record<string, string> = { ...this.headers, ...(init.headers as Record<string, string>) };
    if (body !== undefined) headers['content-type'] = 'application/json';
    if (idempotencyKey !== undefined) headers['idempotency-key'] = idempotencyKey;
    return fetch(url, { ...init, method, headers, ...(body !== undefined && { body: JSON.stringify(body) }) });
  }
}

/** Errors that may be gone when one asks again. */
export const isPassing = (error: unknown): boolean =>
  error instanceof OrestesError && ['API_UNREACHABLE', 'DATABASE_UNAVAILABLE', 'RATE_LIMITED'].includes(error.code);

export const newKey = (): string => randomUUID();

function unreachable(server: string, { cause, message, name }: Error): OrestesError {
  const code = (cause as NodeJS.ErrnoException | undefined)?.code ?? (name === 'AbortError' ? name : message);
  return new OrestesError(
    'API_UNREACHABLE',
    `${server}: no service answers there (${code}); start one with orestes serve, or name one by --server or ORESTES_SERVER`,
  );
}

/** A problem document as a person would want to read it: each field that is wrong, in a line of its own. */
async function failure(response: Response): Promise<OrestesError> {
  const parsed = ProblemDocument.safeParse(await response.json().catch(() => null));
  if (!parsed.success)
    return new OrestesError('API_REFUSED', `${response.url}: answers ${response.status}; is it an Orestes service?`);
  const { status, code, detail } = parsed.data;
  const hint = status === 401 ? '; put a key into ORESTES_API_KEY (orestes keys create makes one)' : '';
  const isUsers = status < 500 && status !== 429;
  return isUsers ? new UserError(code, detail + hint) : new OrestesError(code, detail);
}
