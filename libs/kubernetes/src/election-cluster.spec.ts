import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { KubernetesClient } from './client.js';
import { type Clock, pause, systemClock } from './clock.js';
import { Election } from './election.js';
import { LEASES, NAMESPACES } from './resources.js';
import { configOf } from './testing/config.js';
import { describeOnCluster } from './testing/on-cluster.js';
import { startTcpProxy } from './testing/tcp-proxy.js';

const CANDIDATE = fileURLToPath(new URL('../dist/testing/candidate.js', import.meta.url)); // compiled before tests
const namespace = 'election';
const QUICK = { durationMs: 3_000, renewDeadlineMs: 2_000, retryMs: 400 };
const DEFAULT_TAKE_OVER_MS = 17_000;

interface Said {
  who: string;
  what: string;
  epoch: number;
  /** ms since 1970 */
  at: number;
}

describeOnCluster('an election on a real API server', {}, (cluster) => {
  let client: KubernetesClient;
  let said: Said[] = [];
  const children: ChildProcess[] = [];
  let leases = 0;
  let name = '';

  beforeAll(async () => {
    client = new KubernetesClient(configOf(cluster().kubeconfig), { fieldManager: 'test' });
    await client.create(NAMESPACES, { metadata: { name: namespace } });
  });
  afterEach(() => {
    for (const child of children.splice(0)) child.kill('SIGKILL');
  });

  const newLease = () => {
    name = `lease-${++leases}`;
    said = [];
    return { namespace, name };
  };
  const start = (who: string, timing: Partial<typeof QUICK> = QUICK): ChildProcess => {
    const times = [timing.durationMs, timing.renewDeadlineMs, timing.retryMs].filter((ms) => ms !== undefined);
    const args = [CANDIDATE, cluster().kubeconfig, namespace, name, who, ...times.map(String)];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    createInterface({ input: child.stdout }).on('line', (line) => said.push({ ...(JSON.parse(line) as Said), who }));
    children.push(child);
    return child;
  };
  const heard = async (what: string, who: string, mostMs: number): Promise<Said> => {
    for (const begun = performance.now(); performance.now() - begun < mostMs; await pause(5)) {
      const found = said.find((line) => line.what === what && line.who === who);
      if (found) return found;
    }
    throw new Error(`${who} ${what}: not within ${mostMs} ms: ${JSON.stringify(said.slice(-5))}`);
  };
  /** No act of one epoch is later than the first of a higher one. */
  const overlaps = () =>
    said.filter(({ what, epoch, at }) => {
      const next = said.filter((line) => line.what === 'leads' && line.epoch > epoch).map((line) => line.at);
      return what === 'acts' && at > Math.min(...next);
    });

  it('is taken over within 17 s of a leader that is killed, with the times as they are by default', async () => {
    newLease();
    const first = start('first', {});
    await heard('leads', 'first', 10_000);
    start('second', {});
    await pause(3_500); // somewhere between two renewals
    const killed = Date.now();
    first.kill('SIGKILL');
    const { at, epoch } = await heard('leads', 'second', 30_000);
    expect(epoch).toBe(2);
    expect(at - killed).toBeGreaterThan(11_000);
    expect(at - killed).toBeLessThan(DEFAULT_TAKE_OVER_MS + 500); // the write itself
  });

  it.each([1, 2, 3])('gives a leader that was stopped no chance to act after another leads (%d)', async () => {
    newLease();
    const first = start('first');
    await heard('leads', 'first', 10_000);
    start('second');
    await pause(1_000 + Math.random() * 400);
    first.kill('SIGSTOP');
    await heard('leads', 'second', 10_000);
    await pause(2 * QUICK.durationMs - 2_000);
    first.kill('SIGCONT');
    await heard('ends', 'first', 5_000);
    await pause(300);
    expect(said.filter(({ what }) => what === 'acts').length).toBeGreaterThan(100);
    expect(overlaps()).toEqual([]);
  });

  it('is released at once by a leader that ends well', async () => {
    newLease();
    const first = start('first', {});
    await heard('leads', 'first', 10_000);
    start('second', {});
    await pause(2_500);
    const told = Date.now();
    first.kill('SIGTERM');
    const { at, epoch } = await heard('leads', 'second', 10_000);
    expect(epoch).toBe(2);
    expect(at - told).toBeLessThan(2_500); // one look in 2 s
    if (first.exitCode === null) await once(first, 'exit');
    expect(first.exitCode).toBe(0);
    expect(overlaps()).toEqual([]);
  });

  describe('in this process', () => {
    const elect = (port?: number, lease = newLease(), clock = systemClock) => {
      const troubles: unknown[] = [];
      const config = configOf(cluster().kubeconfig, port);
      const onTrouble = (error: unknown) => troubles.push(error);
      const election = new Election({ config, lease, identity: 'here', ...QUICK, clock, onTrouble });
      const stop = new AbortController();
      const terms: { epoch: number; reason: unknown }[] = [];
      const onLead = async (epoch: number, signal: AbortSignal) => {
        const term = { epoch, reason: null as unknown };
        terms.push(term);
        await new Promise((resolve) => signal.addEventListener('abort', resolve));
        term.reason = signal.reason;
      };
      const run = election.run({ onLead }, stop.signal);
      return { election, stop, terms, run, troubles };
    };
    const until = async (holds: () => boolean, mostMs: number) => {
      const begun = performance.now();
      while (!holds() && performance.now() - begun < mostMs) await pause(5);
      expect(holds()).toBe(true);
      return performance.now() - begun;
    };

    it('raises the epoch when the same one leads again after a gap', async () => {
      const proxy = await startTcpProxy(Number(new URL(cluster().url).port));
      const { election, stop, terms, run } = elect(proxy.port);
      await until(() => election.epoch === 1, 3_000);
      await proxy.shut();
      const ms = await until(() => election.epoch === null, 3_000);
      expect(ms).toBeGreaterThan(QUICK.renewDeadlineMs - QUICK.retryMs - 100);
      expect(ms).toBeLessThan(QUICK.renewDeadlineMs + 200);
      expect(() => election.assertLeader()).toThrow('nothing more may be written in its name');
      await until(() => terms[0]?.reason !== null, 100);
      expect(terms[0]).toMatchObject({ epoch: 1, reason: { code: 'LEADERSHIP_LOST' } });
      await proxy.open();
      await until(() => election.epoch === 2, 3_000);
      expect(election.assertLeader()).toBe(2);
      stop.abort();
      await run;
      expect((await client.get(LEASES, { namespace, name })).spec).toMatchObject({ leaseTransitions: 2 });
      expect((await client.get(LEASES, { namespace, name })).spec?.holderIdentity ?? '').toBe('');
      await proxy.stop();
    });

    it('tells a process that was stopped so before any of its timers runs', async () => {
      let stoppedMs = 0;
      const clock: Clock = { ...systemClock, now: () => systemClock.now() + stoppedMs };
      const { election, stop, terms, run } = elect(undefined, newLease(), clock);
      await until(() => election.epoch === 1, 3_000);
      stoppedMs = QUICK.renewDeadlineMs;
      expect(() => election.assertLeader()).toThrow('this process does not lead');
      await pause(0);
      expect(terms[0]).toMatchObject({ epoch: 1, reason: { code: 'LEADERSHIP_LOST' } });
      stop.abort();
      await run;
    });

    it('is over at the next renewal when another has written itself into the lease', async () => {
      const { election, stop, terms, run } = elect();
      await until(() => election.epoch === 1, 3_000);
      const spec = { holderIdentity: 'thief', leaseTransitions: 7, leaseDurationSeconds: 1 };
      await client.patch(LEASES, { namespace, name }, { merge: { spec } });
      const ms = await until(() => terms[0]?.reason !== null, 1_000);
      expect(ms).toBeLessThan(QUICK.retryMs + 300);
      await until(() => election.epoch === 8, 3_000); // when the thief's second is over
      stop.abort();
      await run;
    });

    it('begins a term above one that has been seen elsewhere', async () => {
      const { election, stop, terms, run } = elect();
      await until(() => election.epoch === 1, 3_000);
      election.supersede(40);
      await until(() => election.epoch === 41, 3_000);
      election.supersede(12);
      expect(election.assertLeader()).toBe(41);
      stop.abort();
      await run;
      expect(terms).toHaveLength(2);
    });

    it('goes on when somebody only labels the lease', async () => {
      const { election, stop, terms, run } = elect();
      await until(() => election.epoch === 1, 3_000);
      await client.patch(LEASES, { namespace, name }, { merge: { metadata: { labels: { a: 'b' } } } });
      await pause(QUICK.renewDeadlineMs + 500);
      expect(election.assertLeader()).toBe(1);
      stop.abort();
      await run;
      expect(terms).toHaveLength(1);
    });

    it('gives the lease to one of many who want it at once', async () => {
      const lease = newLease();
      const all = Array.from({ length: 5 }, () => elect(undefined, lease));
      await until(() => all.some(({ election }) => election.epoch !== null), 3_000);
      await pause(500);
      expect(all.filter(({ election }) => election.epoch !== null)).toHaveLength(1);
      for (const { stop } of all) stop.abort();
      await Promise.all(all.map(({ run }) => run));
      expect(all.flatMap(({ troubles }) => troubles)).toEqual([]);
    });

    it('ends, and releases, when the duties fail', async () => {
      const lease = newLease();
      const election = new Election({ config: configOf(cluster().kubeconfig), lease, identity: 'here', ...QUICK });
      const duties = { onLead: () => Promise.reject(new Error('cannot')) };
      await expect(election.run(duties, new AbortController().signal)).rejects.toThrow('cannot');
      expect((await client.get(LEASES, lease)).spec?.holderIdentity ?? '').toBe('');
    });
  });
});
