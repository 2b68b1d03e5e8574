import { setTimeout as sleep } from 'node:timers/promises';
import { OrestesError } from '@orestes/contracts';
import { isPassing, type ServiceClient } from './client.js';

const PAUSE_MS = 500;

/**
 * Items of a stream as they come, until the job has ended. A connection that is cut is made again, after the last item: none is
 * lost, none comes twice.
 */
export async function* follow<T extends { id: number }>(
  client: ServiceClient,
  path: string,
  signal?: AbortSignal,
): AsyncGenerator<T> {
  let last = 0;
  while (!signal?.aborted) {
    try {
      const headers = { accept: 'text/event-stream', 'last-event-id': String(last) };
      const response = await client.open(path, {}, { headers, ...(signal && { signal }) });
      for await (const message of messagesOf(response)) {
        if (message.event === 'end') return;
        const item = JSON.parse(message.data) as T;
        last = item.id;
        yield item;
      }
    } catch (error) {
      if (signal?.aborted) return;
      if (error instanceof OrestesError && !isPassing(error)) throw error; // else the connection was cut
    }
    await sleep(PAUSE_MS);
  }
}

interface Message {
  event: string;
  data: string;
}

/** Server-sent events (HTML standard, 9.2): fields by line, a message by blank line; comments and ids are passed over. */
async function* messagesOf(response: Response): AsyncGenerator<Message> {
  let text = '';
  const decoder = new TextDecoder();
  for await (const chunk of response.body!) {
    text += decoder.decode(chunk as Uint8Array, { stream: true });
    const blocks = text.split('\n\n');
    text = blocks.pop()!;
    for (const block of blocks) {
      const field = (name: string) =>
        block.split('\n').flatMap((line) => (line.startsWith(`${name}: `) ? [line.slice(name.length + 2)] : []));
      const data = field('data').join('\n');
      if (data !== '') yield { event: field('event')[0] ?? 'message', data };
    }
  }
}
