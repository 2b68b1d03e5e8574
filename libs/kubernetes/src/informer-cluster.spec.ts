import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { ControlPlane } from '@orestes/dev-cluster';
import { KubernetesClient } from './client.js';
import { pause } from './clock.js';
import { isExpired, KubernetesError } from './errors.js';
import { Informer, type InformerTiming } from './informer.js';
import { CONFIG_MAPS, type ConfigMap, NAMESPACES } from './resources.js';
import { churn, Ledger, versions } from './testing/churn.js';
import { configOf } from './testing/config.js';
import { describeOnCluster } from './testing/on-cluster.js';
import { startTcpProxy, type TcpProxy } from './testing/tcp-proxy.js';

const QUICK: InformerTiming = { watchSeconds: 3, graceMs: 1000, backoff: { baseMs: 50, mostMs: 500 } };
const namespace = 'informer';

/** An informer behind a proxy, and a client that is not. */
class Bench {
  proxy!: TcpProxy;
  direct!: KubernetesClient;
  informer!: Informer<ConfigMap, 'half'>;
  ledger!: Ledger;
  troubles: unknown[] = [];
  private watching!: KubernetesClient;

  async open(cluster: ControlPlane, timing?: Partial<InformerTiming>): Promise<void> {
    this.proxy = await startTcpProxy(Number(new URL(cluster.url).port));
    this.direct = new KubernetesClient(configOf(cluster.kubeconfig), { fieldManager: 'writer' });
    this.watching = new KubernetesClient(configOf(cluster.kubeconfig, this.proxy.port), {
      fieldManager: 'informer',
      timeoutMs: 2_000,
    });
    await this.direct.apply(NAMESPACES, { metadata: { name: namespace } });
    this.troubles = [];
    this.informer = new Informer(this.watching, CONFIG_MAPS, {
      namespace,
      indexes: { half: ({ data }) => [Number(data?.n) % 2 ? 'odd' : 'even'] },
      onTrouble: (error) => this.troubles.push(error),
      timing,
    });
    this.ledger = new Ledger(this.informer);
    await this.informer.start().whenSynced();
  }

  /** How long it takes until the copy equals a list, which must be the same as what was told; ms. */
  async convergence(mostMs: number): Promise<number> {
    const begun = performance.now();
    const { items } = await this.direct.list(CONFIG_MAPS, { namespace });
    const wanted = versions(items);
    while (performance.now() - begun < mostMs && versions(this.informer.list()).join() !== wanted.join())
      await pause(10);
    expect(versions(this.informer.list())).toEqual(wanted);
    expect(versions(this.ledger.objects.values())).toEqual(wanted);
    expect(this.ledger.contradictions).toEqual([]);
    const indexed = [...this.informer.byIndex('half', 'odd'), ...this.informer.byIndex('half', 'even')];
    expect(versions(indexed)).toEqual(wanted);
    return performance.now() - begun;
  }

  async close(): Promise<void> {
    await this.informer.stop();
    await Promise.all([this.watching.close(), this.direct.close(), this.proxy.stop()]);
  }
}

describeOnCluster('an informer on a real API server', {}, (cluster) => {
  const bench = new Bench();

  describe('while objects change all the time', () => {
    beforeEach(() => bench.open(cluster(), QUICK));
    afterEach(() => bench.close());

    const times = (n: number, act: () => void | Promise<void>, everyMs: number) => async () => {
      for (let i = 0; i < n; i++) {
        await pause(everyMs);
        await act();
      }
    };
    it.each<[string, () => Promise<void>, number, number]>([
      ['nothing happens but the ends of watches', () => pause(7_000), 0, 1_000],
      ['its connections are cut', times(8, () => bench.proxy.cut(), 250), 4, 2_000],
      ['its connections are half-open', times(2, () => bench.proxy.swallow(), 2_000), 1, 8_000],
      [
        'it finds nobody for a while',
        async () => {
          await bench.proxy.shut();
          await pause(1_500);
          await bench.proxy.open();
        },
        2,
        3_000,
      ],
      [
        'the API server is killed and started again',
        async () => {
          await pause(300);
          await cluster().apiServer.kill('SIGKILL');
          await cluster().apiServer.start();
        },
        1,
        5_000,
      ],
      [
        'the API server is told to end and started again',
        async () => {
          await pause(300);
          await cluster().apiServer.kill('SIGTERM');
          await cluster().apiServer.start();
        },
        1,
        5_000,
      ],
    ])('converges when %s', async (_, fault, restarts, mostMs) => {
      const writer = churn(bench.direct, namespace);
      await fault();
      // A busy machine is given time to have something to converge on.
      while (writer.writes <= 20 || bench.ledger.changes <= 10) await pause(20);
      await writer.stop();
      const ms = await bench.convergence(mostMs);
      expect(ms).toBeLessThan(mostMs);
      expect(bench.informer.restarts).toBeGreaterThanOrEqual(restarts);
      expect(bench.informer.restarts).toBe(bench.troubles.length);
      if (restarts === 0) expect([bench.informer.restarts, bench.informer.lists]).toEqual([0, 1]);
    });

    it('says how old its copy is', async () => {
      await pause(500);
      expect(bench.informer.ageMs()).toBeLessThan(QUICK.watchSeconds * 1000);
      await bench.proxy.shut();
      await pause(4_000);
      expect(bench.informer.ageMs()).toBeGreaterThan(3_900);
      expect(bench.informer.synced).toBe(true);
      await bench.proxy.open();
      await pause(1_000);
      expect(bench.informer.ageMs()).toBeLessThan(1_000);
    });
  });

  it('notices a half-open connection within 30 s by itself, without a word from anybody', async () => {
    await bench.open(cluster());
    await bench.direct.create(CONFIG_MAPS, { metadata: { namespace, name: 'quiet' } });
    await bench.convergence(1_000);
    bench.proxy.swallow();
    await bench.direct.delete(CONFIG_MAPS, { namespace, name: 'quiet' });
    const ms = await bench.convergence(30_000);
    expect(ms).toBeGreaterThan(15_000);
    expect(bench.informer.restarts).toBe(1);
    await bench.close();
  });
});

// Without its cache of recent events the API server reads a watch's past from etcd, which forgets it by compaction.
const COMPACTED = { 'kube-apiserver': { 'watch-cache': 'false', 'etcd-compaction-interval': '1s' } };
describeOnCluster('an informer whose versions etcd has compacted away', { flags: COMPACTED }, (cluster) => {
  const bench = new Bench();
  beforeAll(() => bench.open(cluster(), QUICK));
  afterAll(() => bench.close());

  it('lists anew and tells of the deletions that it missed', async () => {
    const writer = churn(bench.direct, namespace);
    await pause(1_000);
    await bench.proxy.shut();
    await pause(500);
    await bench.direct.apply(CONFIG_MAPS, { metadata: { namespace, name: 'kept' } });
    for (const object of bench.informer.list())
      await bench.direct.delete(CONFIG_MAPS, { namespace, name: object.metadata.name });
    await pause(4_000);
    await writer.stop();
    await bench.proxy.open();
    await bench.convergence(5_000);
    expect(bench.troubles.filter(isExpired).length).toBeGreaterThanOrEqual(1);
    expect(bench.troubles.find(isExpired)).toBeInstanceOf(KubernetesError);
    expect(bench.informer.lists).toBeGreaterThanOrEqual(2);
  });
});
