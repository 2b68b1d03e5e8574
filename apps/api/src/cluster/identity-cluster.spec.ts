import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { startControlPlane, type ControlPlane } from '@orestes/dev-cluster';
import { describeCluster, FIRST_BUILD_MS, until } from '@orestes/dev-cluster/testing';
import { KubeConfig, KubernetesClient } from '@orestes/kubernetes';
import { ClusterIdentity } from './identity.js';

const NAMESPACE = 'identity';
const AUDIENCE = 'orestes-api';
const config = { namespace: NAMESPACE, audience: AUDIENCE, operator: 'operator', worker: 'worker' };
const MEMORY_MS = 61_000;
const TOKEN_MS = 3_600_000;

describeCluster('who calls, by a real API server', () => {
  let cluster: ControlPlane;
  let client: KubernetesClient;
  let later = 0;
  const now = () => Date.now() + later;
  const mayReview = () =>
    cluster.kubectl('create', 'clusterrolebinding', 'api', '--clusterrole=system:auth-delegator', '--user=api');
  const newIdentity = () => new ClusterIdentity(client, config, now);

  beforeAll(async () => {
    cluster = await startControlPlane({ parts: ['kube-controller-manager'] });
    await cluster.kubectl('create', 'namespace', NAMESPACE);
    await cluster.kubectl('create', 'serviceaccount', 'worker', '-n', NAMESPACE);
    const kubeconfig = new KubeConfig();
    kubeconfig.loadFromFile(await cluster.kubeconfigFor('api'));
    client = new KubernetesClient(kubeconfig, { fieldManager: 'x' });
    await mayReview();
  }, FIRST_BUILD_MS);
  afterEach(() => void (later = 0));
  afterAll(async () => {
    await client?.close();
    await cluster?.stop();
  });

  const tokenFor = async (pod: string | null, audience = AUDIENCE, namespace = NAMESPACE) => {
    const bound = pod === null ? [] : ['--bound-object-kind=Pod', `--bound-object-name=${pod}`];
    const account = namespace === NAMESPACE ? 'worker' : 'default';
    const asked = ['create', 'token', account, '-n', namespace, `--audience=${audience}`, '--duration=1h', ...bound];
    return (await cluster.kubectl(...asked)).trim();
  };
  const newPod = async (name: string) => {
    const spec = { serviceAccountName: 'worker', containers: [{ name: 'c', image: 'none' }] };
    await cluster.apply([{ apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace: NAMESPACE }, spec }]);
    return tokenFor(name);
  };
  const removePod = (name: string) =>
    cluster.kubectl('delete', 'pod', name, '-n', NAMESPACE, '--grace-period=0', '--force');
  /** As the apiserver counts them. */
  const reviews = async () => {
    const { body } = await cluster.request('GET', '/metrics');
    const counts = String(body).matchAll(/^apiserver_request_total\{.*resource="tokenreviews".*\} (\d+)$/gm);
    return [...counts].reduce((sum, [, count]) => sum + Number(count), 0);
  };

  it('is the account, and the pod that its token was made for', async () => {
    const identity = newIdentity();
    expect(await identity.callerOf(await newPod('a'))).toEqual({ account: 'worker', pod: 'a' });
    expect(await identity.callerOf(await tokenFor(null))).toEqual({ account: 'worker', pod: null });
  });

  it('is asked once in a while', async () => {
    const [identity, token] = [newIdentity(), await tokenFor(null)];
    const before = await reviews();
    for (let i = 0; i < 3; i++) await identity.callerOf(token);
    expect((await reviews()) - before).toBe(1);
    later = MEMORY_MS;
    await identity.callerOf(token);
    expect((await reviews()) - before).toBe(2);
  });

  it('is nobody by a text that is no token, or one for somebody else: the API server is not asked', async () => {
    const identity = newIdentity();
    const others = [
      ...['', 'x', 'a.b.c', `a.${Buffer.from('{"aud":1}').toString('base64url')}.c`],
      ...[await tokenFor(null, 'another'), await tokenFor(null, AUDIENCE, 'default')],
    ];
    const before = await reviews();
    for (const token of others) expect(await identity.callerOf(token)).toBeNull();
    expect(await reviews()).toBe(before);
  });

  it('is nobody by a token that somebody has changed, or whose pod is gone, though it was known', async () => {
    const [identity, token] = [newIdentity(), await newPod('gone')];
    const [head, payload, signature] = token.split('.');
    const forged = [head, payload, [...signature!].reverse().join('')].join('.');
    expect(await identity.callerOf(forged)).toBeNull();
    expect(await identity.callerOf(token)).toMatchObject({ pod: 'gone' });
    await removePod('gone');
    // The API server itself believes a token for 10 s.
    await until(async () => {
      later += MEMORY_MS;
      return (await identity.callerOf(token)) === null;
    });
    later = 0;
    expect(await identity.callerOf(token)).toBeNull(); // it is forgotten
  });

  describe('while the API server', () => {
    it('is away, is who was known before, until the token expires; of others nobody can tell', async () => {
      const [identity, token, unknown] = [newIdentity(), await newPod('known'), await newPod('unknown')];
      const known = { account: 'worker', pod: 'known' };
      expect(await identity.callerOf(token)).toEqual(known);
      await identity.assertTells();
      await cluster.apiServer.kill();
      try {
        later = MEMORY_MS;
        expect(await identity.callerOf(token)).toEqual(known);
        later = TOKEN_MS / 2;
        expect(await identity.callerOf(token)).toEqual(known);
        await expect(identity.callerOf(unknown)).rejects.toMatchObject({ code: 'KUBERNETES_UNREACHABLE' });
        await expect(newIdentity().callerOf(token)).rejects.toMatchObject({ code: 'KUBERNETES_UNREACHABLE' });
        await expect(identity.assertTells()).rejects.toMatchObject({ code: 'KUBERNETES_UNREACHABLE' });
        expect(await identity.callerOf('x')).toBeNull();
        later = TOKEN_MS + 1000;
        await expect(identity.callerOf(token)).rejects.toMatchObject({ code: 'KUBERNETES_UNREACHABLE' });
      } finally {
        await cluster.apiServer.start();
      }
    });

    it('hangs, too, and a request does not wait for it each time', async () => {
      const [identity, token] = [newIdentity(), await newPod('patient')];
      await identity.callerOf(token);
      process.kill(cluster.apiServer.pid, 'SIGSTOP');
      try {
        later = MEMORY_MS;
        const began = performance.now();
        for (let i = 0; i < 100; i++) expect(await identity.callerOf(token)).toMatchObject({ pod: 'patient' });
        expect(performance.now() - began).toBeLessThan(10_000);
      } finally {
        process.kill(cluster.apiServer.pid, 'SIGCONT');
      }
    });

    it('refuses everybody, as one that has just started does', async () => {
      const [identity, token] = [newIdentity(), await newPod('early')];
      await identity.callerOf(token);
      await cluster.kubectl('delete', 'clusterrolebinding', 'api');
      try {
        await expect(eventually(() => identity.assertTells())).rejects.toMatchObject({ code: 'KUBERNETES_REFUSED' });
        later = MEMORY_MS;
        expect(await identity.callerOf(token)).toMatchObject({ pod: 'early' });
        await expect(newIdentity().callerOf(token)).rejects.toMatchObject({ code: 'KUBERNETES_REFUSED' });
      } finally {
        await mayReview();
      }
    });
  });
});

/** Again until it fails: what is taken away is still there for a moment. */
async function eventually(act: () => Promise<void>): Promise<void> {
  for (;;) await act();
}
