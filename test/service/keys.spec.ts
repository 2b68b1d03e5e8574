import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { join } from 'node:path';
import { ask } from '../support/service.js';
import { NOBODY, SPEC, startKeyedService, type KeyedService } from './keyed-service.js';

let keyed: KeyedService;
beforeAll(async () => {
  keyed = await startKeyedService();
});
afterAll(() => keyed?.stop());

interface Operation {
  parameters?: { name: string; in: string }[];
  responses: Record<string, unknown>;
}
/** Every route that the service says it has. */
async function routes(): Promise<{ method: string; path: string; operation: Operation }[]> {
  const { paths } = (await ask(`${keyed.service.url}/openapi.json`)).body as {
    paths: Record<string, Record<string, Operation>>;
  };
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ method: method.toUpperCase(), path, operation })),
  );
}
const KEYLESS = ['/healthz', '/readyz', '/metrics'];

describe('keys', () => {
  it.each([
    ['none', null, 'KEY_NEEDED'],
    ['an unknown one', `ork_aaaaaaaa_${'a'.repeat(43)}`, 'KEY_UNKNOWN'],
    ['half of one', 'ork_', 'KEY_UNKNOWN'],
  ])('%s is refused on every route', async (_, key, code) => {
    for (const { method, path } of await routes()) {
      if (KEYLESS.includes(path) || path.startsWith('/attempts')) continue;
      const answer = await keyed.as(key, path.replace('{id}', keyed.job), {
        method,
        ...(method === 'POST' && { body: {} }),
      });
      expect({ path, answer }).toMatchObject({ path, answer: { status: 401, body: { code } } });
      expect(answer.headers.get('www-authenticate')).toBe('Bearer');
    }
  });

  it('of another project find nothing, on any route, and do nothing', async () => {
    const before = (await keyed.as(keyed.mine, `/jobs/${keyed.job}`)).body;
    for (const { method, path } of await routes()) {
      if (!path.includes('{id}') || path.startsWith('/attempts')) continue;
      const { status, body } = await keyed.as(keyed.others, path.replace('{id}', keyed.job), { method });
      expect({ method, path, status, body }).toMatchObject({ method, path, status: 404, body: { code: 'NOT_FOUND' } });
      const nobodys = await keyed.as(keyed.others, path.replace('{id}', NOBODY), { method });
      const { detail, ...rest } = body as { detail: string };
      // what is not theirs looks like what is not there, but for the id that was asked for
      expect(nobodys.body).toEqual({ ...rest, detail: detail.replace(keyed.job, NOBODY) });
    }
    for (const path of ['/jobs', '/models', '/corpora', '/leaderboard?suite=all'])
      expect(JSON.stringify((await keyed.as(keyed.others, path)).body)).not.toContain(keyed.job);
    expect(
      await keyed.as(keyed.others, '/jobs', {
        body: {
          ...SPEC,
          kind: 'finetune',
          recipe: undefined,
          size: undefined,
          corpus: undefined,
          checkpoint: `job:${keyed.job}`,
          task: { glue: 'cola', data: 'd' },
        },
      }),
    ).toMatchObject({ status: 422, body: { code: 'JOB_UNUSABLE' } });
    expect((await keyed.as(keyed.mine, `/jobs/${keyed.job}`)).body).toEqual(before);
  });

  it.each([
    ['a file of the machine', '/etc/passwd', 422],
    ['the way out of what is allowed', 'allowed/../secret', 422],
    ['a neighbour by its name', 'allowed-not', 422],
    ["another project's output", () => join(keyed.service.data, 'outputs', 'other', 'x'), 422],
    ['another store', 's3://bucket/x?endpoint=http://127.0.0.1:1', 422],
    ['what is allowed', 'allowed/corpus', 202],
    ["one's own project's output", () => join(keyed.service.data, 'outputs', 'default', 'x'), 202],
  ])('in a spec, %s', async (_, address, status) => {
    const corpus = typeof address === 'string' ? address : address();
    const { body, ...answer } = await keyed.as(keyed.mine, '/jobs', { body: { ...SPEC, corpus } });
    expect(answer.status).toBe(status);
    if (status === 422) expect(body).toMatchObject({ code: 'ADDRESS_FORBIDDEN' });
    const plan = await keyed.as(keyed.mine, '/jobs?dryRun=true', { body: { ...SPEC, corpus } });
    expect(plan.status).toBe(status === 202 ? 200 : 422);
  });

  it('are shown once, and end when they are revoked', async () => {
    const made = (await keyed.as(keyed.mine, '/keys', { body: { name: 'short-lived' } })).body as {
      id: string;
      key: string;
    };
    expect((await keyed.as(made.key, '/session')).body).toEqual({ project: 'default', keyNeeded: true });
    expect(JSON.stringify((await keyed.as(keyed.mine, '/keys')).body)).not.toContain(made.key);
    await keyed.as(keyed.mine, `/keys/${made.id}`, { method: 'DELETE' });
    expect(await keyed.as(made.key, '/session')).toMatchObject({ status: 401, body: { code: 'KEY_UNKNOWN' } });
    expect((await keyed.as(keyed.mine, '/keys', { body: { name: 'x', project: 'other' } })).status).toBe(201);
    expect(await keyed.as(keyed.others, '/keys', { body: { name: 'x', project: 'default' } })).toMatchObject({
      status: 403,
    });
  });

  it("a worker's token is good for its attempt alone", async () => {
    expect((await keyed.worker.post('reports', { first: 0, items: [], progress: null })).status).toBe(200);
    for (const key of [keyed.mine, keyed.others])
      expect(
        await keyed.as(key, `/attempts/${keyed.worker.attempt}/reports`, {
          body: { first: 0, items: [], progress: null },
        }),
      ).toMatchObject({ status: 401, body: { code: 'TOKEN_UNKNOWN' } });
  });

  it('stand in no log', () => {
    expect(keyed.service.output).toContain('/jobs');
    for (const secret of [keyed.mine, keyed.others, 'Bearer', new URL(keyed.postgres.server.url).password]) {
      expect(keyed.service.output).not.toContain(secret);
      expect(keyed.open.output).not.toContain(secret);
    }
  });
});

describe('without keys', () => {
  it.each([
    ['another host', { host: 'evil.example' }, 'HOST_REFUSED'],
    ['another origin', { origin: 'https://evil.example' }, 'ORIGIN_REFUSED'],
    ['another port of this machine', { origin: 'http://localhost:1' }, 'ORIGIN_REFUSED'],
  ])('a request by way of %s is refused', async (_, headers, code) => {
    const { request } = await import('node:http');
    const body = await new Promise<string>((resolve, reject) => {
      const asking = request(`${keyed.open.url}/jobs`, { headers }, (response) => {
        let text = '';
        response.on('data', (chunk: Buffer) => (text += chunk.toString())).on('end', () => resolve(text));
      });
      asking.on('error', reject).end();
    });
    expect(JSON.parse(body)).toMatchObject({ status: 403, code });
  });
});
