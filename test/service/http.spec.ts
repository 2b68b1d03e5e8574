import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { JobEvent, ProblemDocument, type JobDocument } from '@orestes/contracts';
import { createDataSource, type DataSource } from '@orestes/database';
import { startTestPostgres, type TestPostgres } from '@orestes/database/testing';
import { ask, startTestService, type RunningService } from '../support/service.js';
import { historyOf } from '../support/wait.js';
import { runningByHand, type TestWorker } from '../support/worker.js';

const NOBODY = '00000000-0000-7000-8000-000000000000';
const SPEC = { kind: 'pretrain', name: 'a', recipe: 'electra', size: 'tiny', corpus: 'nowhere' };

let postgres: TestPostgres;
let database: DataSource;
/** Needs keys, and runs nothing. */
let service: RunningService;
/** Local mode. */
let open: RunningService;
/** Keys of the projects default and other. */
let mine: string;
let others: string;
let job: string;
let worker: TestWorker;

beforeAll(async () => {
  postgres = await startTestPostgres();
  const address = await postgres.database();
  const environment = { DATABASE_URL: address, ORESTES_SLOTS: '0', ORESTES_LOG_LEVEL: 'trace' };
  service = await startTestService({
    options: ['--keys', '--allow', 'nowhere', '--allow', 'allowed', '--allow', 'd'],
    environment,
  });
  open = await startTestService({ environment });
  database = await createDataSource({ url: address, connections: 2 }).initialize();
  mine = readFileSync(join(service.data, 'first-key'), 'utf8').trim();
  const made = await ask(`${open.url}/keys`, { body: { name: 'theirs', project: 'other' } });
  others = (made.body as { key: string }).key;
  job = ((await as(mine, '/jobs', { body: SPEC })).body as JobDocument).id;
  worker = await runningByHand(database, service.url, job);
});
afterAll(async () => {
  await service?.stop();
  await open?.stop();
  await database?.destroy();
  await postgres?.stop();
});

const as = (key: string | null, path: string, asking: Parameters<typeof ask>[1] = {}) =>
  ask(service.url + path, {
    ...asking,
    headers: { ...asking.headers, ...(key !== null && { authorization: `Bearer ${key}` }) },
  });

interface Operation {
  parameters?: { name: string; in: string }[];
  responses: Record<string, unknown>;
}
/** Every route that the service says it has. */
async function routes(): Promise<{ method: string; path: string; operation: Operation }[]> {
  const { paths } = (await ask(`${service.url}/openapi.json`)).body as {
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
      const answer = await as(key, path.replace('{id}', job), { method, ...(method === 'POST' && { body: {} }) });
      expect({ path, answer }).toMatchObject({ path, answer: { status: 401, body: { code } } });
      expect(answer.headers.get('www-authenticate')).toBe('Bearer');
    }
  });

  it('of another project find nothing, on any route, and do nothing', async () => {
    const before = (await as(mine, `/jobs/${job}`)).body;
    for (const { method, path } of await routes()) {
      if (!path.includes('{id}') || path.startsWith('/attempts')) continue;
      const { status, body } = await as(others, path.replace('{id}', job), { method });
      expect({ method, path, status, body }).toMatchObject({ method, path, status: 404, body: { code: 'NOT_FOUND' } });
      const nobodys = await as(others, path.replace('{id}', NOBODY), { method });
      expect(nobodys.body).toEqual(body); // what is not theirs looks like what is not there
    }
    for (const path of ['/jobs', '/models', '/corpora', '/leaderboard?suite=all'])
      expect(JSON.stringify((await as(others, path)).body)).not.toContain(job);
    expect(
      await as(others, '/jobs', {
        body: {
          ...SPEC,
          kind: 'finetune',
          recipe: undefined,
          size: undefined,
          corpus: undefined,
          checkpoint: `job:${job}`,
          task: { glue: 'cola', data: 'd' },
        },
      }),
    ).toMatchObject({ status: 422, body: { code: 'JOB_UNUSABLE' } });
    expect((await as(mine, `/jobs/${job}`)).body).toEqual(before);
  });

  it.each([
    ['a file of the machine', '/etc/passwd', 422],
    ['the way out of what is allowed', 'allowed/../secret', 422],
    ['a neighbour by its name', 'allowed-not', 422],
    ["another project's output", () => join(service.data, 'outputs', 'other', 'x'), 422],
    ['another store', 's3://bucket/x?endpoint=http://127.0.0.1:1', 422],
    ['what is allowed', 'allowed/corpus', 202],
    ["one's own project's output", () => join(service.data, 'outputs', 'default', 'x'), 202],
  ])('in a spec, %s', async (_, address, status) => {
    const corpus = typeof address === 'string' ? address : address();
    const { body, ...answer } = await as(mine, '/jobs', { body: { ...SPEC, corpus } });
    expect(answer.status).toBe(status);
    if (status === 422) expect(body).toMatchObject({ code: 'ADDRESS_FORBIDDEN' });
    const plan = await as(mine, '/jobs?dryRun=true', { body: { ...SPEC, corpus } });
    expect(plan.status).toBe(status === 202 ? 200 : 422);
  });

  it('are shown once, and end when they are revoked', async () => {
    const made = (await as(mine, '/keys', { body: { name: 'short-lived' } })).body as { id: string; key: string };
    expect((await as(made.key, '/session')).body).toEqual({ project: 'default', keyNeeded: true });
    expect(JSON.stringify((await as(mine, '/keys')).body)).not.toContain(made.key);
    await as(mine, `/keys/${made.id}`, { method: 'DELETE' });
    expect(await as(made.key, '/session')).toMatchObject({ status: 401, body: { code: 'KEY_UNKNOWN' } });
    expect((await as(mine, '/keys', { body: { name: 'x', project: 'other' } })).status).toBe(201);
    expect(await as(others, '/keys', { body: { name: 'x', project: 'default' } })).toMatchObject({ status: 403 });
  });

  it("a worker's token is good for its attempt alone", async () => {
    expect((await worker.post('reports', { first: 0, items: [], progress: null })).status).toBe(200);
    for (const key of [mine, others])
      expect(
        await as(key, `/attempts/${worker.attempt}/reports`, { body: { first: 0, items: [], progress: null } }),
      ).toMatchObject({ status: 401, body: { code: 'TOKEN_UNKNOWN' } });
  });

  it('stand in no log', () => {
    expect(service.output).toContain('/jobs');
    for (const secret of [mine, others, 'Bearer', new URL(postgres.server.url).password]) {
      expect(service.output).not.toContain(secret);
      expect(open.output).not.toContain(secret);
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
      const asking = request(`${open.url}/jobs`, { headers }, (response) => {
        let text = '';
        response.on('data', (chunk: Buffer) => (text += chunk.toString())).on('end', () => resolve(text));
      });
      asking.on('error', reject).end();
    });
    expect(JSON.parse(body)).toMatchObject({ status: 403, code });
  });
});

describe('versions', () => {
  it('/v1 is the same', async () => {
    expect((await as(mine, `/v1/jobs/${job}`)).body).toEqual((await as(mine, `/jobs/${job}`)).body);
    const { headers } = await as(mine, `/jobs/${job}`);
    // With a condition fetch would say no-cache of its own.
    const condition = { 'if-none-match': headers.get('etag')!, 'cache-control': 'max-age=0', pragma: 'none' };
    expect((await as(mine, `/v1/jobs/${job}`, { headers: condition })).status).toBe(304);
  });
});

/** Every body that faults.md asks for, and what is said of it. */
const deep = '['.repeat(100_000);
const text = (body: object) => JSON.stringify({ ...SPEC, ...body });
const rows: [
  what: string,
  body: string | Buffer,
  status: number,
  code: string,
  says: string | RegExp,
  pointer?: string,
][] = [
  ['nothing', '', 400, 'INVALID_SPEC', 'spec: missing'],
  ['no JSON', '{', 400, 'BODY_UNREADABLE', 'not JSON'],
  ['a list', '[]', 400, 'INVALID_SPEC', 'a list is not an object'],
  ['deep JSON', deep, 400, 'BODY_UNREADABLE', 'nested more than 64 deep'],
  ['deep objects', '{"a":'.repeat(1000), 400, 'BODY_UNREADABLE', 'nested more than 64 deep'],
  ['2 MiB', text({ name: 'a'.repeat(2 << 20) }), 413, 'BODY_TOO_LARGE', 'more than 1048576 bytes'],
  ['bytes that are no UTF-8', Buffer.from([0x22, 0xff, 0x22]), 400, 'BODY_UNREADABLE', 'not UTF-8'],
  ['NUL', text({ corpus: 'a\0b' }), 400, 'INVALID_SPEC', 'NUL', '/corpus'],
  ['NUL in a label', text({ labels: { a: '\0' } }), 400, 'INVALID_SPEC', 'NUL', '/labels/a'],
  ['an unpaired surrogate', text({ corpus: '\ud800' }), 400, 'INVALID_SPEC', 'surrogate', '/corpus'],
  ['1e309', text({}).replace('}', ',"seed":1e309}'), 400, 'INVALID_SPEC', 'Infinity is not a finite number', '/seed'],
  [
    '2^53 + 1',
    text({}).replace('}', ',"seed":9007199254740993}'),
    400,
    'INVALID_SPEC',
    'is not a whole number|is too large',
    '/seed',
  ],
  [
    '__proto__',
    text({}).replace('}', ',"__proto__":{"polluted":1}}'),
    400,
    'INVALID_SPEC',
    'unknown field',
    '/__proto__',
  ],
  [
    'constructor',
    text({ constructor: { prototype: { polluted: 1 } } }),
    400,
    'INVALID_SPEC',
    'unknown field',
    '/constructor',
  ],
  ['an unknown field', text({ recipee: 'electra' }), 400, 'INVALID_SPEC', 'unknown field', '/recipee'],
  ['a name of 300 characters', text({ name: 'a'.repeat(300) }), 400, 'INVALID_SPEC', 'lower-case letters', '/name'],
  ['an unknown kind', text({ kind: 'train' }), 400, 'INVALID_SPEC', 'allowed: corpus, pretrain', '/kind'],
  [
    'an unknown recipe',
    text({ recipe: 'bert' }),
    400,
    'INVALID_SPEC',
    'allowed: decoupled-optim, electra, roberta',
    '/recipe',
  ],
  [
    'two wrong fields',
    text({ seed: -1, priority: 1e6 }),
    400,
    'INVALID_SPEC',
    /seed: -1[^]*priority: 1000000/,
    '/priority',
  ],
  [
    'a rule across fields',
    text({ schedule: { warmupSteps: 9, maxSteps: 5 } }),
    400,
    'INVALID_SPEC',
    'warmupSteps must not exceed',
    '/schedule/warmupSteps',
  ],
  [
    'a label that is a formula for a path',
    text({ labels: { '../a': 'b' } }),
    400,
    'INVALID_SPEC',
    'is not allowed',
    '/labels',
  ],
  ["a job that isn't there", text({ corpus: `job:${NOBODY}` }), 422, 'JOB_UNUSABLE', 'there is no such job'],
];

describe('a body that is wrong', () => {
  it.each(rows.map((row) => [row[0], row] as const))('%s', async (_, [, body, status, code, says, pointer]) => {
    const count = async () => (await database.query<[{ n: number }]>('SELECT count(*)::int AS n FROM job'))[0].n;
    const before = await count();
    const headers = { authorization: `Bearer ${mine}`, 'content-type': 'application/json' };
    const response = await fetch(`${service.url}/jobs`, { method: 'POST', headers, body: body as string });
    const problem = ProblemDocument.parse(await response.json());
    expect({ http: response.status, ...problem }).toMatchObject({ http: status, status, code });
    expect(problem.detail).toMatch(typeof says === 'string' ? new RegExp(says.replace(/[[\](){}.+*]/g, '\\$&')) : says);
    if (pointer !== undefined) expect(problem.errors?.map((e) => e.pointer)).toContain(pointer);
    expect(response.headers.get('content-type')).toContain('application/problem+json');
    expect(problem.detail).not.toMatch(/\bat .*\.[jt]s:|node_modules/);
    expect(await count()).toBe(before);
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
    expect((await ask(`${service.url}/healthz`)).status).toBe(200);
  });

  it.each([
    ['text/plain', 415, 'MEDIA_TYPE'],
    ['application/x-www-form-urlencoded', 415, 'MEDIA_TYPE'],
  ])('of type %s', async (type, status, code) => {
    const headers = { authorization: `Bearer ${mine}`, 'content-type': type };
    const response = await fetch(`${service.url}/jobs`, { method: 'POST', headers, body: text({}) });
    expect(await response.json()).toMatchObject({ status, code });
  });
});

describe('a request that is wrong', () => {
  it.each([
    ['GET', '/nothing', 404, 'NOT_FOUND'],
    ['GET', '/jobs/not-an-id', 404, 'NOT_FOUND'],
    ['GET', `/jobs/${NOBODY}`, 404, 'NOT_FOUND'],
    ['GET', '/jobs/%00', 404, 'NOT_FOUND'],
    ['GET', '/jobs?limit=0', 400, 'INVALID_SPEC'],
    ['GET', '/jobs?limit=1e9', 400, 'INVALID_SPEC'],
    ['GET', '/jobs?state=asleep', 400, 'INVALID_SPEC'],
    ['GET', '/jobs?label=%00%3Da', 400, 'INVALID_SPEC'],
    ['GET', '/jobs?cursor=%27', 400, 'INVALID_SPEC'],
    ['GET', '/jobs?unknown=1', 400, 'INVALID_SPEC'],
    ['GET', '/leaderboard?format=pdf', 400, 'INVALID_SPEC'],
    ['POST', '/jobs/not-an-id/cancel', 404, 'NOT_FOUND'],
  ])('%s %s: %d %s', async (method, path, status, code) => {
    expect(await as(mine, path, { method })).toMatchObject({ status, body: { status, code } });
  });

  it('with an Idempotency-Key that is none', async () => {
    expect(await as(mine, '/jobs', { body: SPEC, headers: { 'idempotency-key': 'a'.repeat(256) } })).toMatchObject({
      status: 400,
      body: { code: 'IDEMPOTENCY_KEY_INVALID' },
    });
  });
});

describe('a stream', () => {
  /** Reads a stream until it has so many messages or ends; then the connection is cut. */
  async function read(
    path: string,
    last: number,
    most: number,
  ): Promise<{ ids: number[]; types: string[]; ended: boolean }> {
    const headers = { authorization: `Bearer ${mine}`, accept: 'text/event-stream', 'last-event-id': String(last) };
    const response = await fetch(service.url + path, { headers });
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
    const path = `/jobs/${job}/events`;
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
      await worker.post('reports', { first: n, items, progress: null });
    }
    await as(mine, `/jobs/${job}/cancel`, { method: 'POST' });
    await reader;
    const { body } = await as(mine, `${path}?limit=1000`);
    const all = (body as { items: JobEvent[] }).items;
    expect(all.filter(({ type }) => type === 'warning')).toHaveLength(MESSAGES);
    expect(got).toEqual(all.map(({ id }) => id));
  });

  it('and pages tell the same', async () => {
    const headers = { authorization: `Bearer ${mine}` };
    const { ids } = await read(`/jobs/${job}/events`, 0, Infinity);
    const paged: number[] = [];
    for (let after: string | null = '0'; after !== null;) {
      const { body } = await ask(`${service.url}/jobs/${job}/events?limit=3&after=${after}`, { headers });
      const { items, next } = body as { items: JobEvent[]; next: string | null };
      paged.push(...items.map(({ id }) => id));
      after = next;
    }
    expect(paged).toEqual(ids);
    expect(await historyOf(open.url, job, 'events')).toHaveLength(ids.length);
  });
});

describe('operation', () => {
  it('tells Prometheus of requests and jobs', async () => {
    const { body, headers } = await ask(`${service.url}/metrics`);
    expect(headers.get('content-type')).toContain('text/plain');
    for (const name of [
      'orestes_http_request_seconds_bucket',
      'orestes_jobs',
      'orestes_slots 0',
      'process_resident_memory_bytes',
    ])
      expect(body).toContain(name);
  });

  it('serves pages and documentation', async () => {
    for (const path of ['/', '/docs']) {
      const { status, headers } = await ask(service.url + path);
      expect({ path, status, type: headers.get('content-type') }).toMatchObject({
        path,
        status: 200,
        type: expect.stringContaining('text/html') as unknown,
      });
    }
  });

  it('limits the rate by key', async () => {
    const slow = await startTestService({
      environment: { DATABASE_URL: await postgres.database(), ORESTES_RATE_LIMIT: '5', ORESTES_SLOTS: '0' },
    });
    try {
      const statuses: number[] = [];
      for (let i = 0; i < 7; i++) statuses.push((await ask(`${slow.url}/jobs`)).status);
      expect(statuses).toEqual([200, 200, 200, 200, 200, 429, 429]);
      const refused = await ask(`${slow.url}/jobs`);
      expect(refused.body).toMatchObject({ code: 'RATE_LIMITED' });
      expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
      expect((await ask(`${slow.url}/healthz`)).status).toBe(200);
    } finally {
      await slow.stop();
    }
  });
});
