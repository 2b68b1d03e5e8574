import { describe, expect, it } from '@jest/globals';
import { isExpired } from './errors.js';
import type { KubernetesObject } from './objects.js';
import { type WatchEvent, watchEvents } from './watch.js';

const object = (name: string, resourceVersion: string) => ({ metadata: { name, uid: 'u', resourceVersion } });
const line = (type: string, of: unknown) => `${JSON.stringify({ type, object: of })}\n`;

/** The text in chunks of so many bytes; fails at its end where an error is given. */
async function* body(text: string, bytes: number, error?: Error): AsyncGenerator<Buffer> {
  const all = Buffer.from(text);
  for (let at = 0; at < all.length; at += bytes) yield all.subarray(at, at + bytes);
  await Promise.resolve();
  if (error) throw error;
}

async function read(chunks: AsyncIterable<Buffer>, signal?: AbortSignal) {
  const events: WatchEvent<KubernetesObject>[] = [];
  let failure: unknown = null;
  try {
    for await (const event of watchEvents(chunks, 'watch pods', signal)) events.push(event);
  } catch (error) {
    failure = error;
  }
  return { events, failure };
}

const text =
  line('ADDED', object('ä', '1')) +
  line('MODIFIED', object('ä', '2')) +
  line('BOOKMARK', object('', '5')) +
  line('DELETED', object('ä', '7'));
const events = [
  { type: 'ADDED', object: object('ä', '1') },
  { type: 'MODIFIED', object: object('ä', '2') },
  { type: 'BOOKMARK', resourceVersion: '5' },
  { type: 'DELETED', object: object('ä', '7') },
];

describe('events', () => {
  it.each([1, 2, 7, 100, 10_000])('come whole out of chunks of %d bytes', async (bytes) => {
    expect(await read(body(text, bytes))).toEqual({ events, failure: null });
  });

  it('that are cut in the middle are dropped', async () => {
    expect(await read(body(text.slice(0, -5), 100))).toEqual({ events: events.slice(0, -1), failure: null });
  });

  it('before a broken connection are told before its error', async () => {
    const { events: told, failure } = await read(body(text, 100, new Error('other side closed')));
    expect(told).toEqual(events);
    expect(failure).toMatchObject({ status: 0, reason: 'Unreachable', message: 'watch pods: other side closed' });
  });

  it('end without an error when the signal aborts', async () => {
    expect(await read(body(text, 100, new Error('aborted')), AbortSignal.abort())).toEqual({ events, failure: null });
  });

  it('may say that the version is too old', async () => {
    const status = { kind: 'Status', code: 410, reason: 'Expired', message: 'too old resource version: 1 (2)' };
    const { failure } = await read(body(line('ERROR', status), 100));
    expect(isExpired(failure)).toBe(true);
    expect(failure).toMatchObject({ status: 410, message: 'watch pods: too old resource version: 1 (2)' });
  });
});
