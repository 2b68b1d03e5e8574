import { sleep, seen, whileSeen } from '../hooks/waiting.js';
import { ApiDown, Refused, getJson, send } from './client.js';
import { SseParser, type SseMessage } from './sse.js';

/** Metrics, events and log lines: ids rise. */
export interface FeedItem {
  id: number;
}

export interface Page<T> {
  items: T[];
  next: string | null;
}

type Take<T> = (items: T[]) => void;

const PAGE = 1000;
const FIRST_WAIT = 500;
const LONGEST_WAIT = 10_000;

/**
 * Everything after `after` that there is now, by pages.
 * @returns id of the last item
 */
export async function takePages<T extends FeedItem>(
  path: string,
  after: number,
  take: Take<T>,
  signal: AbortSignal,
): Promise<number> {
  for (let last = after; ;) {
    const { items, next } = await getJson<Page<T>>(`${path}?after=${last}&limit=${PAGE}`, signal);
    if (items.length > 0) take(items);
    last = items.at(-1)?.id ?? last;
    if (next === null || items.length === 0) return last;
  }
}

/**
 * Everything from the beginning to the job's end. What there is comes by pages, which is faster than a message each; what
 * follows comes by SSE through fetch, since an EventSource sends no Authorization. Goes on after the last item when the
 * connection breaks, and rests while the page is not seen.
 * @throws Refused when the API says no for good
 */
export async function follow<T extends FeedItem>(path: string, take: Take<T>, signal: AbortSignal): Promise<void> {
  let last = 0;
  let wait = FIRST_WAIT;
  const taking: Take<T> = (items) => {
    last = items.at(-1)!.id;
    wait = FIRST_WAIT;
    take(items);
  };
  while (!signal.aborted) {
    await seen(signal);
    const awake = whileSeen(signal);
    try {
      await takePages(path, last, taking, awake.signal);
      if (await stream(path, last, taking, awake.signal)) return;
    } catch (error) {
      if (!awake.signal.aborted && !passes(error)) throw error;
    } finally {
      awake.release();
    }
    await sleep(wait, signal);
    wait = Math.min(wait * 2, LONGEST_WAIT);
  }
}

/** Whether trying again may help. A broken stream is a TypeError. */
const passes = (error: unknown): boolean =>
  error instanceof ApiDown ||
  error instanceof TypeError ||
  (error instanceof Refused && (error.problem.status >= 500 || error.problem.status === 429));

/** @returns whether the job has ended and all was sent */
async function stream<T extends FeedItem>(
  path: string,
  after: number,
  take: Take<T>,
  signal: AbortSignal,
): Promise<boolean> {
  for await (const messages of messagesOf(path, after, signal)) {
    const items = messages.filter((m) => m.event !== 'end' && m.data !== '').map((m) => JSON.parse(m.data) as T);
    if (items.length > 0) take(items);
    if (messages.some((m) => m.event === 'end')) return true;
  }
  return false;
}

/** Messages by chunk of the connection. */
async function* messagesOf(path: string, after: number, signal: AbortSignal): AsyncIterable<SseMessage[]> {
  const headers = { 'Last-Event-ID': String(after) };
  const response = await send(path, { accept: 'text/event-stream', headers, signal });
  const reader = response.body!.getReader();
  const decoder = new TextDecoder();
  const parser = new SseParser();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    yield parser.push(decoder.decode(value, { stream: true }));
  }
}
