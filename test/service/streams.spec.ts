import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { JobEvent } from '@orestes/contracts';
import { ask } from '../support/service.js';
import { historyOf } from '../support/wait.js';
import { startKeyedService, type KeyedService } from './keyed-service.js';

let keyed: KeyedService;
beforeAll(async () => {
  keyed = await startKeyedService();
});
afterAll(() => keyed?.stop());

describe('a stream', () => {
  /** Reads a stream until it has so many messages or ends; then the connection is cut. */
  async function read(
    path: string,
    last: number,
    most: number,
  ): Promise<{ ids: number[]; types: string[]; ended: boolean }> {
    const headers = {
      authorization: `Bearer ${keyed.mine}`,
      accept: 'text/event-stream',
      'last-event-id': String(last),
    };
    const response = await fetch(keyed.service.url + path, { headers });
    expect(response.headers.get('content-type')).toContain('text/event-stream');
    const ids: number[] = [];
    const types: string[] = [];
    let text = '';
    for await (const chunk of response.body!) {
      text += new TextDecoder().decode(chunk as Uint8Array);
      const messages = text.split('\n\n');
      text = messages.pop()!;
      for (const message of messages) {
        if (message.startsWith('event: end')) return { ids, types, ended: true };
        const data = /^data: (.*)$/m.exec(message)?.[1];
        if (data === undefined) continue;
        const event = JobEvent.parse(JSON.parse(data));
        expect(message).toContain(`id: ${event.id}\n`);
        ids.push(event.id);
        types.push(event.message);
        if (ids.length === most) return { ids, types, ended: false }; // leaving the loop cuts the connection
      }
    }
    return { ids, types, ended: false };
  }

  it('that is cut again and again loses nothing and gives nothing twice', async () => {
    const path = `/jobs/${keyed.job}/events`;
    const MESSAGES = 40;
    const got: number[] = [];
    const reader = (async () => {
      for (let over = false; !over;) {
        const { ids, ended } = await read(path, got.at(-1) ?? 0, 1 + (got.length % 3));
        got.push(...ids);
        over = ended;
      }
    })();
    for (let n = 0; n < MESSAGES; n++) {
      const items = [{ kind: 'event', time: Date.now(), type: 'warning', message: `event ${n}` }];
      await keyed.worker.post('reports', { first: n, items, progress: null });
    }
    await keyed.as(keyed.mine, `/jobs/${keyed.job}/cancel`, { method: 'POST' });
    await reader;
    const { body } = await keyed.as(keyed.mine, `${path}?limit=1000`);
    const all = (body as { items: JobEvent[] }).items;
    expect(all.filter(({ type }) => type === 'warning')).toHaveLength(MESSAGES);
    expect(got).toEqual(all.map(({ id }) => id));
  });

  it('and pages tell the same', async () => {
    const headers = { authorization: `Bearer ${keyed.mine}` };
    const { ids } = await read(`/jobs/${keyed.job}/events`, 0, Infinity);
    const paged: number[] = [];
    for (let after: string | null = '0'; after !== null;) {
      const { body } = await ask(`${keyed.service.url}/jobs/${keyed.job}/events?limit=3&after=${after}`, { headers });
      const { items, next } = body as { items: JobEvent[]; next: string | null };
      paged.push(...items.map(({ id }) => id));
      after = next;
    }
    expect(paged).toEqual(ids);
    expect(await historyOf(keyed.open.url, keyed.job, 'events')).toHaveLength(ids.length);
  });
});
