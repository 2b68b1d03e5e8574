import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { KubernetesClient } from './client.js';
import { isRefusal } from './errors.js';
import { CONFIG_MAPS, NAMESPACES } from './resources.js';
import { configOf } from './testing/config.js';
import { describeOnCluster } from './testing/on-cluster.js';

const namespace = 'refusals';
const RESTARTS = 3;

describeOnCluster('refusals of a real API server', { parts: ['kube-controller-manager'] }, (cluster) => {
  let client: KubernetesClient;
  beforeAll(async () => {
    const config = configOf(cluster().kubeconfig);
    await new KubernetesClient(config, { fieldManager: 'admin' }).create(NAMESPACES, { metadata: { name: namespace } });
    const [role, rights] = [['creator', '-n', namespace], '--resource=configmaps'];
    await cluster().kubectl('create', 'role', ...role, '--verb=create', rights);
    await cluster().kubectl('create', 'rolebinding', ...role, '--role=creator', '--user=creator');
    client = new KubernetesClient(configOf(await cluster().kubeconfigFor('creator')), {
      fieldManager: 'x',
      retries: 0,
    });
  });
  afterAll(() => client?.close());

  /** @returns the refusal; null where it was made. @throws what is none */
  const made = (name: string, by = client) =>
    by.create(CONFIG_MAPS, { metadata: { namespace, name } }).then(
      () => null,
      (error: unknown) => {
        if (isRefusal(error)) return error;
        throw error;
      },
    );

  it('are of the object: by its schema, its name, a quota', async () => {
    expect(await made('one')).toBeNull();
    expect(await made('one')).toMatchObject({ reason: 'AlreadyExists' });
    expect(await made('-')).toMatchObject({ reason: 'Invalid' });
    await cluster().kubectl('create', 'quota', 'none', '-n', namespace, '--hard=count/configmaps=0');
    let more = null; // it counts when it has been counted
    for (let i = 0; more === null; i++) more = await made(`more-${i}`);
    expect(more).toMatchObject({ reason: 'Forbidden', message: expect.stringContaining('quota: none') });
    await cluster().kubectl('delete', 'quota', 'none', '-n', namespace);
  });

  it('are not that somebody lacks the right', async () => {
    const nobody = new KubernetesClient(configOf(await cluster().kubeconfigFor('nobody')), { fieldManager: 'x' });
    await expect(made('n', nobody)).rejects.toMatchObject({ reason: 'Forbidden' });
    await nobody.close();
  });

  it('are not what it answers while it starts', async () => {
    const failures = new Set<string>();
    for (let i = 0; i < RESTARTS; i++) {
      await cluster().apiServer.kill();
      const started = cluster().apiServer.start();
      let after = 0; // that it took, after it was ready
      for (let n = 0; after < 20; n++) {
        const refusal = await made(`start-${i}-${n}`).catch((error: Error) => void failures.add(error.message));
        expect(refusal ?? null).toBeNull();
        after = refusal === null ? after + 1 : 0;
        await sleep(5);
      }
      await started;
    }
    expect([...failures].join('\n')).toMatch(/ECONNREFUSED/);
  }, 120_000);
});
