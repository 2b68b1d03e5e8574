import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ProblemDocument } from '@orestes/contracts';
import { ask } from '../support/service.js';
import { NOBODY, SPEC, startKeyedService, type KeyedService } from './keyed-service.js';

let keyed: KeyedService;
beforeAll(async () => {
  keyed = await startKeyedService();
});
afterAll(() => keyed?.stop());

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
  ["a keyed.job that isn't there", text({ corpus: `job:${NOBODY}` }), 422, 'JOB_UNUSABLE', 'there is no such job'],
];

describe('a body that is wrong', () => {
  it.each(rows.map((row) => [row[0], row] as const))('%s', async (_, [, body, status, code, says, pointer]) => {
    const count = async () => (await keyed.database.query<[{ n: number }]>('SELECT count(*)::int AS n FROM job'))[0].n;
    const before = await count();
    const headers = { authorization: `Bearer ${keyed.mine}`, 'content-type': 'application/json' };
    const response = await fetch(`${keyed.service.url}/jobs`, { method: 'POST', headers, body: body as string });
    const problem = ProblemDocument.parse(await response.json());
    expect({ http: response.status, ...problem }).toMatchObject({ http: status, status, code });
    expect(problem.detail).toMatch(typeof says === 'string' ? new RegExp(says.replace(/[[\](){}.+*]/g, '\\$&')) : says);
    if (pointer !== undefined) expect(problem.errors?.map((e) => e.pointer)).toContain(pointer);
    expect(response.headers.get('content-type')).toContain('application/problem+json');
    expect(problem.detail).not.toMatch(/\bat .*\.[jt]s:|node_modules/);
    expect(await count()).toBe(before);
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
    expect((await ask(`${keyed.service.url}/healthz`)).status).toBe(200);
  });

  it.each([
    ['text/plain', 415, 'MEDIA_TYPE'],
    ['application/x-www-form-urlencoded', 415, 'MEDIA_TYPE'],
  ])('of type %s', async (type, status, code) => {
    const headers = { authorization: `Bearer ${keyed.mine}`, 'content-type': type };
    const response = await fetch(`${keyed.service.url}/jobs`, { method: 'POST', headers, body: text({}) });
    expect(await response.json()).toMatchObject({ status, code });
  });
});

describe('a request that is wrong', () => {
  it.each([
    ['GET', '/nothing', 404, 'ROUTE_UNKNOWN'],
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
    expect(await keyed.as(keyed.mine, path, { method })).toMatchObject({ status, body: { status, code } });
  });

  it('names a state that there is none of, and those that there are', async () => {
    const { body } = await keyed.as(keyed.mine, '/jobs?state=queued,asleep');
    const { errors } = body as { errors: { message: string }[] };
    expect(errors[0]!.message).toMatch(/^"queued,asleep" is not allowed \(allowed: queued, admitted, /);
  });

  it('with an Idempotency-Key that is none', async () => {
    expect(
      await keyed.as(keyed.mine, '/jobs', { body: SPEC, headers: { 'idempotency-key': 'a'.repeat(256) } }),
    ).toMatchObject({
      status: 400,
      body: { code: 'IDEMPOTENCY_KEY_INVALID' },
    });
  });
});
