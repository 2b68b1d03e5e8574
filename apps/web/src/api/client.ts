import type { ProblemDocument } from '@orestes/contracts';
import { connected } from './connection.js';
import { askForKey, currentKey } from './key.js';

/** Nothing answered, or a proxy for it; the banner says so. */
export class ApiDown extends Error {}

/** The API answered, and said no. */
export class Refused extends Error {
  constructor(readonly problem: ProblemDocument) {
    super(problem.detail);
  }
}

export interface Sent {
  method?: 'GET' | 'POST';
  body?: unknown;
  headers?: Record<string, string>;
  accept?: string;
  signal?: AbortSignal;
}

/** What a gateway answers while the API behind it is down or not ready. */
const DOWN = [502, 503, 504];

/**
 * @param path relative to the page, which the API itself serves
 * @throws ApiDown, Refused; DOMException AbortError
 */
export async function send(path: string, sent: Sent = {}): Promise<Response> {
  const response = await answerTo(path, sent);
  if (DOWN.includes(response.status)) throw down(`HTTP ${response.status}`);
  connected.set(true);
  if (response.ok) return response;
  if (response.status === 401) askForKey();
  throw new Refused(await problemOf(response));
}

export async function getJson<T>(path: string, signal?: AbortSignal): Promise<T> {
  return (await (await send(path, { signal })).json()) as T;
}

export async function postJson<T>(path: string, body?: unknown, headers: Record<string, string> = {}): Promise<T> {
  return (await (await send(path, { method: 'POST', body, headers })).json()) as T;
}

async function answerTo(path: string, sent: Sent): Promise<Response> {
  const { method = 'GET', body, signal, accept = 'application/json' } = sent;
  const key = currentKey();
  const headers = {
    Accept: accept,
    ...(key === null ? {} : { Authorization: `Bearer ${key}` }),
    ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
    ...sent.headers,
  };
  try {
    return await fetch(path, { method, headers, signal, body: body === undefined ? undefined : JSON.stringify(body) });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw down(String(error));
  }
}

function down(why: string): ApiDown {
  connected.set(false);
  return new ApiDown(why);
}

async function problemOf(response: Response): Promise<ProblemDocument> {
  const text = await response.text();
  try {
    const document = JSON.parse(text) as Partial<ProblemDocument>;
    if (typeof document.detail === 'string') return document as ProblemDocument;
  } catch {
    // Not this API's: a proxy's page, shown as it is below.
  }
  const title = `HTTP ${response.status} ${response.statusText}`.trim();
  return { type: 'about:blank', title, status: response.status, detail: text.slice(0, 300) || title, code: 'HTTP' };
}
