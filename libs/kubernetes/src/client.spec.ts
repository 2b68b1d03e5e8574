import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { KubernetesClient } from './client.js';
import { KubernetesError } from './errors.js';
import { JOBS, PODS } from './resources.js';
import { type Answer, type FakeServer, startFakeServer } from './testing/fake-server.js';

let server: FakeServer;
let client: KubernetesClient;
beforeAll(async () => {
  server = await startFakeServer();
});
afterAll(() => server.close());
beforeEach(() => {
  client = new KubernetesClient(server.config, { fieldManager: 'test', timeoutMs: 300, random: () => 0 });
  server.script();
});
afterEach(() => client.close());

const ref = { namespace: 'n', name: 'a' };
const object = { metadata: ref };
const calls = {
  get: () => client.get(PODS, ref),
  create: () => client.create(PODS, object),
  apply: () => client.apply(PODS, object),
  'merge patch': () => client.patch(PODS, ref, { merge: { spec: { activeDeadlineSeconds: null } } }),
  delete: () => client.delete(PODS, ref),
  'delete of a uid': () => client.delete(PODS, ref, { preconditions: { uid: 'u' } }),
};
const busy = (status: number): Answer => ({ status, headers: { 'retry-after': '0' } });

describe('one failure', () => {
  it.each<[string, Answer, (keyof typeof calls)[], (keyof typeof calls)[]]>([
    [
      'a 429 says that nothing was done',
      busy(429),
      ['get', 'create', 'apply', 'merge patch', 'delete', 'delete of a uid'],
      [],
    ],
    ['a 503 does not', busy(503), ['get', 'apply', 'merge patch', 'delete of a uid'], ['create', 'delete']],
    ['a cut connection does not', 'cut', ['get', 'apply', 'merge patch', 'delete of a uid'], ['create', 'delete']],
    ['silence does not', 'silence', ['get', 'apply', 'delete of a uid'], ['create', 'delete']],
    ['a 503 without Retry-After stays', { status: 503 }, [], ['get', 'apply', 'create']],
    ['a 500 stays', { status: 500 }, [], ['get', 'apply', 'create']],
    ['a 409 stays', { status: 409 }, [], ['get', 'apply', 'create']],
  ])('%s', async (_, fault, again, not) => {
    for (const name of again) {
      server.script(fault);
      await calls[name]();
      expect([name, server.seen.length]).toEqual([name, 2]);
    }
    for (const name of not) {
      server.script(fault);
      await expect(calls[name]()).rejects.toThrow(KubernetesError);
      expect([name, server.seen.length]).toEqual([name, 1]);
    }
  });
});

it('gives up after three retries', async () => {
  server.script(...Array<Answer>(9).fill(busy(503)));
  await expect(calls.get()).rejects.toMatchObject({ status: 503, reason: 'ServiceUnavailable', retryAfterMs: 0 });
  expect(server.seen).toHaveLength(4);
});

it('sends even a create again when nobody listened', async () => {
  await server.close();
  const creating = calls.create();
  await sleep(80);
  await server.listen();
  await creating;
  expect(server.seen).toHaveLength(1);
});

it('waits as long as Retry-After says', async () => {
  server.script({ status: 429, headers: { 'retry-after': '1' } });
  const begun = performance.now();
  await calls.create();
  expect(performance.now() - begun).toBeGreaterThan(990);
});

describe('errors', () => {
  const status = {
    kind: 'Status',
    code: 422,
    reason: 'Invalid',
    message: 'Pod "a" is invalid: spec.x: no',
    details: { causes: [{ field: 'spec.x' }] },
  };
  it.each<[string, Answer, object]>([
    [
      'of the apiserver',
      { status: 422, body: status },
      { ...{ status: 422, reason: 'Invalid', details: status.details }, message: `create pods n/a: ${status.message}` },
    ],
    [
      'of something in between',
      { status: 502, body: '<h1>Bad Gateway</h1>' },
      { status: 502, reason: 'Status502', message: 'create pods n/a: <h1>Bad Gateway</h1>' },
    ],
    [
      'without a word',
      { status: 403, body: ' ' },
      { status: 403, reason: 'Forbidden', message: 'create pods n/a: status 403' },
    ],
    ['that are no answer', 'cut', { status: 0, reason: 'Unreachable', code: 'KUBERNETES_UNREACHABLE', sent: true }],
    ['of time', 'silence', { status: 0, message: expect.stringContaining('create pods n/a: no answer within 0.3 s') }],
    ['in an answer', { status: 200, body: '{"metadata": ' }, { status: 0, reason: 'Unreachable' }],
  ])('%s', async (_, fault, expected) => {
    server.script(fault);
    await expect(calls.create()).rejects.toMatchObject(expected);
  });

  it('of a signal are its reason, at once', async () => {
    server.script('silence');
    const begun = performance.now();
    const controller = new AbortController();
    setTimeout(() => controller.abort(new Error('enough')), 20);
    await expect(client.get(PODS, ref, { signal: controller.signal })).rejects.toThrow('enough');
    expect(performance.now() - begun).toBeLessThan(200);
  });

  it('tell nothing of a missing object where that is a result', async () => {
    server.script({ status: 404 }, { status: 404 }, { status: 404 });
    await expect(client.get(PODS, ref)).rejects.toMatchObject({ status: 404, reason: 'NotFound' });
    expect(await client.find(PODS, ref)).toBeNull();
    expect(await client.delete(PODS, ref)).toBe('missing');
  });
});

it('sends what the API wants', async () => {
  await client.applyStatus(JOBS, { ...object, status: { active: 1 } }, { force: true });
  const [{ method, url, headers, body }] = server.seen as [FakeServer['seen'][number]];
  expect(`${method} ${url}`).toBe(
    'PATCH /behind/apis/batch/v1/namespaces/n/jobs/a/status?fieldManager=test&force=true',
  );
  expect(body).toEqual({ apiVersion: 'batch/v1', kind: 'Job', ...object, status: { active: 1 } });
  expect(headers).toMatchObject({
    'content-type': 'application/apply-patch+yaml',
    'user-agent': 'test',
    authorization: 'Bearer secret',
  });
});

it('lists anew, in one answer, when the version of its pages is compacted away', async () => {
  const page = (names: string[], next?: string) => ({
    status: 200,
    body: { metadata: { resourceVersion: '7', continue: next }, items: names.map((name) => ({ metadata: { name } })) },
  });
  server.script(page(['a'], 'more'), { status: 410 }, page(['a', 'b']));
  const { items, resourceVersion } = await client.list(PODS, { labelSelector: 'x=y', limit: 1 });
  expect(items.map(({ metadata }) => metadata.name)).toEqual(['a', 'b']);
  expect(resourceVersion).toBe('7');
  expect(server.seen.map(({ url }) => url.split('?')[1])).toEqual([
    'labelSelector=x%3Dy&limit=1',
    'labelSelector=x%3Dy&limit=1&continue=more',
    'labelSelector=x%3Dy',
  ]);
});

it('counts requests by what became of them', async () => {
  server.script('cut', { status: 200 }, { status: 409 });
  await calls.get();
  await calls.create().catch(() => undefined);
  expect(client.requests).toEqual([
    { verb: 'get', resource: 'pods', status: 'none', count: 1 },
    { verb: 'get', resource: 'pods', status: '2xx', count: 1 },
    { verb: 'create', resource: 'pods', status: '4xx', count: 1 },
  ]);
});
