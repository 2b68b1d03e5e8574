import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { KubernetesClient } from './client.js';
import { CONFIG_MAPS, JOBS, NAMESPACES, NODES } from './resources.js';
import { configOf } from './testing/config.js';
import { describeOnCluster } from './testing/on-cluster.js';

const namespace = 'client';
const image = { name: 'main', image: 'none' };
const job = (name: string) => ({
  metadata: { namespace, name },
  spec: { suspend: true, template: { spec: { restartPolicy: 'Never', containers: [image] } } },
});

describeOnCluster('the client on a real API server', {}, (cluster) => {
  let client: KubernetesClient;
  let other: KubernetesClient;
  beforeAll(async () => {
    client = new KubernetesClient(configOf(cluster().kubeconfig), { fieldManager: 'first' });
    other = new KubernetesClient(configOf(cluster().kubeconfig), { fieldManager: 'second' });
    await client.create(NAMESPACES, { metadata: { name: namespace } });
  });
  afterAll(() => Promise.all([client.close(), other.close()]));

  it('creates, reads, patches, writes a status and deletes', async () => {
    const made = await client.create(JOBS, job('whole'));
    const ref = { namespace, name: 'whole' };
    expect(await client.get(JOBS, ref)).toEqual(made);
    const merged = await client.patch(JOBS, ref, {
      merge: { metadata: { labels: { a: 'b' } }, spec: { parallelism: 3 } },
    });
    expect([merged.metadata.labels?.a, merged.spec?.parallelism]).toEqual(['b', 3]);
    const patched = await client.patch(JOBS, ref, { merge: { metadata: { labels: { a: null } } } });
    expect(patched.metadata.labels?.a).toBeUndefined();
    const status = await client.patch(
      JOBS,
      ref,
      { merge: { status: { active: 0, ready: 0 } } },
      { subresource: 'status' },
    );
    expect(status.status?.ready).toBe(0);
    expect(await client.delete(JOBS, ref, { propagationPolicy: 'Background' })).toBe('deleted');
    expect(await client.find(JOBS, ref)).toBeNull();
    expect(await client.delete(JOBS, ref)).toBe('missing');
  });

  it('applies: what is given no more goes, what another owns is a conflict, force takes it', async () => {
    const map = (data: Record<string, string>) => ({ metadata: { namespace, name: 'applied' }, data });
    await client.apply(CONFIG_MAPS, map({ a: '1', b: '1' }));
    expect((await client.apply(CONFIG_MAPS, map({ a: '2' }))).data).toEqual({ a: '2' });
    await expect(other.apply(CONFIG_MAPS, map({ a: '3' }))).rejects.toMatchObject({
      status: 409,
      reason: 'Conflict',
      message: expect.stringContaining('conflict with "first": .data.a'),
      details: { causes: [{ reason: 'FieldManagerConflict', field: '.data.a' }] },
    });
    expect((await other.apply(CONFIG_MAPS, map({ a: '3' }), { force: true })).data).toEqual({ a: '3' });
    const node = await client.apply(NODES, { metadata: { name: 'n' } });
    const applied = await client.applyStatus(NODES, { metadata: { name: 'n' }, status: { capacity: { cpu: '4' } } });
    expect([node.status?.capacity, applied.status?.capacity]).toEqual([undefined, { cpu: '4' }]);
  });

  describe('errors are typed, in the words of the API server', () => {
    const ref = { namespace, name: 'error' };
    beforeAll(() => client.create(CONFIG_MAPS, { metadata: ref, immutable: true }));
    const stale = { metadata: { resourceVersion: '1' } };
    it.each<[string, () => Promise<unknown>, object]>([
      [
        'missing',
        () => client.get(JOBS, ref),
        { status: 404, reason: 'NotFound', message: 'get jobs client/error: jobs.batch "error" not found' },
      ],
      [
        'there already',
        () => client.create(CONFIG_MAPS, { metadata: ref }),
        { status: 409, reason: 'AlreadyExists', message: expect.stringContaining('configmaps "error" already exists') },
      ],
      [
        'changed meanwhile',
        () => client.patch(CONFIG_MAPS, ref, { merge: stale }),
        { status: 409, reason: 'Conflict', message: expect.stringContaining('the object has been modified') },
      ],
      [
        'of another uid',
        () => client.delete(CONFIG_MAPS, ref, { preconditions: { uid: 'u' } }),
        {
          status: 409,
          reason: 'Conflict',
          message: expect.stringContaining('the UID in the precondition (u) does not match'),
        },
      ],
      [
        'of another version',
        () => client.delete(CONFIG_MAPS, ref, { preconditions: { resourceVersion: '1' } }),
        { status: 409, reason: 'Conflict' },
      ],
      [
        'invalid',
        () => client.create(JOBS, { ...job('Upper_Case') }),
        {
          status: 422,
          reason: 'Invalid',
          details: {
            kind: 'Job',
            causes: expect.arrayContaining([expect.objectContaining({ field: 'metadata.name' })]),
          },
        },
      ],
      [
        'immutable',
        () => client.patch(CONFIG_MAPS, ref, { merge: { data: { a: 'b' } } }),
        {
          status: 422,
          reason: 'Invalid',
          message: expect.stringContaining('field is immutable when `immutable` is set'),
        },
      ],
      [
        'not allowed',
        async () => {
          const file = await cluster().kubeconfigFor('nobody');
          return new KubernetesClient(configOf(file), { fieldManager: 'x' }).get(CONFIG_MAPS, ref);
        },
        { status: 403, reason: 'Forbidden', message: expect.stringContaining('User "nobody" cannot get resource') },
      ],
      [
        'not to be trusted',
        () => {
          const config = configOf(cluster().kubeconfig);
          const clusters = config.clusters.map(({ name, server }) => ({ name, server, skipTLSVerify: false }));
          config.loadFromOptions({ ...config, clusters });
          return new KubernetesClient(config, { fieldManager: 'x', retries: 0 }).get(CONFIG_MAPS, ref);
        },
        { status: 0, reason: 'Unreachable', sent: false },
      ],
    ])('%s', async (_, call, expected) => {
      await expect(call()).rejects.toMatchObject(expected);
    });
  });

  it('lists all pages at one version, by label', async () => {
    const name = (i: number) => `page-${String(i).padStart(2, '0')}`;
    const labels = { of: 'pages' };
    for (let i = 0; i < 35; i++)
      await client.create(CONFIG_MAPS, { metadata: { namespace, name: name(i), labels: i < 25 ? labels : {} } });
    const { items, resourceVersion } = await client.list(CONFIG_MAPS, {
      namespace,
      limit: 4,
      labelSelector: 'of=pages',
    });
    expect(items.map(({ metadata }) => metadata.name)).toEqual(Array.from({ length: 25 }, (_, i) => name(i)));
    expect(Number(resourceVersion)).toBeGreaterThanOrEqual(Number(items.at(-1)!.metadata.resourceVersion));
  });

  it('keeps to its rate', async () => {
    const slow = new KubernetesClient(configOf(cluster().kubeconfig), {
      fieldManager: 'slow',
      rateLimit: { qps: 20, burst: 5 },
    });
    const begun = performance.now();
    await Promise.all(Array.from({ length: 25 }, () => slow.list(NAMESPACES)));
    expect(performance.now() - begun).toBeGreaterThan(990);
    expect(slow.requests).toEqual([{ verb: 'list', resource: 'namespaces', status: '2xx', count: 25 }]);
    await slow.close();
  });

  it('writes far more than 50 objects a second', async () => {
    const begun = performance.now();
    let next = 0;
    const writer = async () => {
      for (let i = next++; i < 400; i = next++)
        await client.apply(CONFIG_MAPS, { metadata: { namespace, name: `fast-${i}` }, data: { i: String(i) } });
    };
    await Promise.all(Array.from({ length: 8 }, writer));
    expect(400 / ((performance.now() - begun) / 1000)).toBeGreaterThan(50);
  });
});
