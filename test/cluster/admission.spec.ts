import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { SIMULATED_SECONDS } from '@orestes/dev-cluster';
import { describeCluster, FIRST_BUILD_MS } from '@orestes/dev-cluster/testing';
import { Informer, JOBS, type Job } from '@orestes/kubernetes';
import { ask, examplePipeline } from '../support/service.js';
import { ended, jobAt, until } from '../support/wait.js';
import { NAMESPACE, startTestCluster, type TestCluster } from './test-cluster.js';

const GPUS = 8;
let cluster: TestCluster;
let number = 0;
const url = () => cluster.service.url;

const start = (queues: object[], nodes: number) => async () => {
  cluster = await startTestCluster({
    ...{ parts: ['kube-controller-manager', 'kube-scheduler', 'kwok'], node: false, queues },
    pods: { annotations: { [SIMULATED_SECONDS]: '600' } },
  });
  await cluster.control.addFakeNodes(nodes, { gpus: GPUS });
};

/** A pretraining that asks for GPUs. Its pods are simulated, and stay until they are taken away. */
async function submit(resources: object, more: object = {}): Promise<string> {
  const { pretrain } = examplePipeline();
  const body = { kind: 'pretrain', name: `gpus-${++number}`, ...pretrain, corpus: 'examples/data', retries: 0 };
  const headers = { 'idempotency-key': body.name };
  // 503 says: too many at once, come again; with the key it is the same submission.
  const answer = await until(
    () => ask(`${url()}/jobs`, { body: { ...body, ...more, resources }, headers }),
    ({ status }) => status !== 503,
  );
  expect(answer).toMatchObject({ status: 202 });
  return (answer.body as { id: string }).id;
}

const cancel = (id: string) => ask(`${url()}/jobs/${id}/cancel`, { method: 'POST' });

interface SeenPod {
  metadata: { name: string };
  status: { phase: string };
  spec: { nodeName?: string };
}
/** Pods of a job on their nodes. */
async function placed(id: string): Promise<SeenPod[]> {
  const text = await cluster.control.kubectl('get', 'pods', '-n', NAMESPACE, '-o', 'json');
  const { name } = await jobAt(url(), id);
  return (JSON.parse(text) as { items: SeenPod[] }).items.filter(
    ({ metadata, spec }) => metadata.name.startsWith(`${name}-`) && spec.nodeName !== undefined,
  );
}

const held = ({ spec, status }: Job): boolean =>
  spec?.suspend === false && !status?.conditions?.some(({ type, status }) => type !== 'Suspended' && status === 'True');
const gpusOf = ({ spec }: Job): number =>
  Number(spec?.template.spec?.containers[0]?.resources?.limits?.['nvidia.com/gpu'] ?? 0) * (spec?.parallelism ?? 1);

describeCluster('admission by the operator, on simulated nodes', () => {
  describe('gangs and priorities', () => {
    beforeAll(start([{ name: 'default', gpus: { '*': 4 * GPUS } }], 4), FIRST_BUILD_MS);
    afterAll(() => cluster?.stop(), 60_000);

    it('starts each of six jobs that need 3 of 4 nodes whole, one after the other', async () => {
      let waiting = await Promise.all(Array.from({ length: 6 }, () => submit({ gpus: GPUS, hosts: 3 })));
      while (waiting.length > 0) {
        const places = () => Promise.all(waiting.map(async (id) => ({ id, pods: await placed(id) })));
        const seen = await until(places, (all) => all.some(({ pods }) => pods.length === 3));
        expect(seen.map(({ pods }) => pods.length).sort()).toEqual([...Array<number>(waiting.length - 1).fill(0), 3]);
        const { id, pods } = seen.find(({ pods }) => pods.length === 3)!;
        expect(new Set(pods.map(({ spec }) => spec.nodeName)).size).toBe(3);
        waiting = waiting.filter((other) => other !== id);
        await cancel(id);
        expect((await ended(url, id)).state).toBe('cancelled');
      }
    }, 120_000);

    it('takes the place of the job that loses the least, of the lowest priority, and of no other', async () => {
      const begun = async (priority: number) => {
        const id = await submit({ gpus: GPUS }, { priority });
        await until(
          () => placed(id),
          (pods) => pods.length === 1,
        );
        return id;
      };
      const running: string[] = [];
      for (const priority of [0, 0, 1, 0]) running.push(await begun(priority));
      const urgent = await submit({ gpus: GPUS }, { priority: 5, name: 'urgent' });
      await until(
        () => placed(urgent),
        (pods) => pods.length === 1,
      );
      const jobs = await Promise.all(running.map((id) => jobAt(url(), id)));
      // Nothing was saved, so that who began last loses the least.
      expect(jobs.map(({ attempts }) => attempts.map(({ outcome }) => outcome))).toEqual([
        [null],
        [null],
        [null],
        ['interrupted'],
      ]);
      expect(jobs[3]).toMatchObject({ state: 'queued', failures: 0 });
      expect(
        (
          await until(
            () => jobAt(url(), running[3]!),
            ({ why }) => why.includes('quota'),
          )
        ).why,
      ).toMatch(/^It waits for quota: 8 GPUs are needed; 32 of the 32 of queue default are held\.$/);
      await cancel(urgent);
      await until(
        () => placed(running[3]!),
        (pods) => pods.some(({ status }) => status.phase === 'Running'),
      );
      await Promise.all(running.map(cancel));
      await Promise.all(running.map((id) => ended(url, id)));
    }, 120_000);
  });

  describe('quotas', () => {
    const QUOTAS = { wide: 75, narrow: 42 };
    const queues = Object.entries(QUOTAS).map(([name, gpus]) => ({ name, gpus: { '*': gpus } }));
    beforeAll(start(queues, 16), FIRST_BUILD_MS);
    afterAll(() => cluster?.stop(), 60_000);

    /** So that the service does not find that it is asked too often. */
    const PAUSE_MS = 10;
    it('hold to the GPU under 200 submissions at once', async () => {
      const jobs = new Informer<Job>(cluster.client, JOBS, { namespace: NAMESPACE });
      const most = { wide: 0, narrow: 0 };
      const sums = () =>
        jobs.list().reduce(
          (sum, job) => {
            if (held(job)) sum[job.metadata.name.startsWith('wide') ? 'wide' : 'narrow'] += gpusOf(job);
            return sum;
          },
          { wide: 0, narrow: 0 },
        );
      jobs.subscribe(() => {
        const now = sums();
        for (const queue of ['wide', 'narrow'] as const) most[queue] = Math.max(most[queue], now[queue]);
      });
      jobs.start();
      const ids = await Promise.all(
        Array.from({ length: 200 }, (_, i) => {
          const queue = i % 2 === 0 ? 'wide' : 'narrow';
          return submit({ gpus: 1 + (i % GPUS), queue }, { name: `${queue}-${i}` });
        }),
      );
      const queues = ['wide', 'narrow'] as const;
      // What stays free is less than the next job asks for.
      const full = (now: typeof most) => queues.every((queue) => now[queue] > QUOTAS[queue] - GPUS);
      await until(() => Promise.resolve(sums()), full);
      // Each that has begun gives its place to one that waits, so that all have theirs some time.
      const left = new Set(ids);
      while (left.size > 0)
        for (const id of left) {
          await sleep(PAUSE_MS);
          if ((await jobAt(url(), id)).attempts.length === 0) continue;
          await cancel(id);
          left.delete(id);
        }
      const all = await Promise.all(ids.map((id) => ended(url, id)));
      expect(all.map(({ state, attempts }) => [state, attempts.length])).toEqual(all.map(() => ['cancelled', 1]));
      await jobs.stop();
      for (const queue of queues) expect(most[queue]).toBeLessThanOrEqual(QUOTAS[queue]);
    }, 600_000);
  });
});
