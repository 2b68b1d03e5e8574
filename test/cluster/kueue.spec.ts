import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import type { JobDocument } from '@orestes/contracts';
import { describeCluster, FIRST_BUILD_MS } from '@orestes/dev-cluster/testing';
import { JOBS, type Job, type Stored } from '@orestes/kubernetes';
import { outcomesOf, type Outcome } from '../faults/outcome.js';
import { ask, examplePipeline } from '../support/service.js';
import { childrenOf, ended, jobAt, until } from '../support/wait.js';
import { attemptMade, NAMESPACE, startTestCluster, whileRefused, type TestCluster } from './test-cluster.js';

const QUEUE = 'kueue.x-k8s.io/queue-name';
const PRIORITY_CLASS = 'kueue.x-k8s.io/priority-class';
const url = () => cluster.service.url;
let cluster: TestCluster;
let undisturbed: Outcome[];

const jobs = async (): Promise<Stored<Job>[]> => (await cluster.client.list(JOBS, { namespace: NAMESPACE })).items;

/** What Kueue does to a Job: it sets `suspend`, and nothing else. */
const setSuspend = (name: string, suspend: boolean) =>
  cluster.client.patch(JOBS, { namespace: NAMESPACE, name }, { merge: { spec: { suspend } } });

const made = (job: Pick<JobDocument, 'id' | 'name'>, epoch: number) => attemptMade(cluster, job, epoch);

async function submit(): Promise<string> {
  const body = { ...examplePipeline({ name: 'village', steps: 400 }), reuse: false };
  const answer = await ask(`${url()}/jobs`, { body });
  expect(answer.status).toBe(202);
  return (answer.body as { id: string }).id;
}

/** Lets every child of a pipeline start as soon as its Job is there; `each` may do more to one. */
async function admitAll(pipeline: string, each: (child: number, job: Stored<Job>) => Promise<void> = async () => {}) {
  for (const [i, child] of (await childrenOf(url(), pipeline)).entries()) {
    const job = await made(child, 1);
    await setSuspend(job.metadata.name, false);
    await each(i, job);
  }
  return ended(url, pipeline);
}

describeCluster('where somebody else, as Kueue, suspends and unsuspends Jobs', () => {
  beforeAll(async () => {
    cluster = await startTestCluster({
      operator: { admission: 'kueue', kueue: { priorityClasses: [{ from: 100, name: 'urgent' }] } },
    });
    const pipeline = await submit();
    expect((await admitAll(pipeline)).state).toBe('succeeded');
    undisturbed = await outcomesOf(url(), pipeline);
  }, FIRST_BUILD_MS);
  afterAll(() => cluster?.stop(), 60_000);

  it('a Job names its queue and its class of priority, and the operator never unsuspends it', async () => {
    const { corpus } = examplePipeline();
    const resources = { queue: 'team-a' };
    const { body } = await ask(`${url()}/jobs`, {
      body: { kind: 'corpus', name: 'waits', ...corpus, resources, priority: 100 },
    });
    const { id } = body as { id: string };
    const job = await made({ id, name: 'waits' }, 1);
    expect(job.metadata.labels).toMatchObject({ [QUEUE]: 'team-a', [PRIORITY_CLASS]: 'urgent' });
    await sleep(3000);
    expect((await made({ id, name: 'waits' }, 1)).spec!.suspend).toBe(true);
    const waiting = await until(
      () => jobAt(url(), id),
      ({ why }) => why.includes('Kueue'),
    );
    expect(waiting).toMatchObject({ state: 'queued', attempts: [] });
    await setSuspend(job.metadata.name, false);
    expect(await ended(url, id)).toMatchObject({ state: 'succeeded', failures: 0 });
  }, 120_000);

  it('a job whose Job the cluster refuses says so in its words, and waits until it is taken', async () => {
    const { corpus } = examplePipeline();
    const spec = { kind: 'corpus', name: 'refused', ...corpus, reuse: false };
    const refused = await whileRefused(cluster, 'count/jobs.batch', async () => {
      const { id } = (await ask(`${url()}/jobs`, { body: spec })).body as { id: string };
      return until(
        () => jobAt(url(), id),
        ({ why }) => why.includes("can't be made"),
      );
    });
    expect(refused).toMatchObject({ state: 'queued', attempts: [] });
    expect(refused.why).toMatch(/^its Job can't be made: .*quota: none/);
    await setSuspend((await made(refused, 1)).metadata.name, false);
    expect(await ended(url, refused.id)).toMatchObject({ state: 'succeeded', failures: 0 });
  }, 120_000);

  it('a job that is suspended again saves, waits as a new Job, and goes on from there: the same bits', async () => {
    const pipeline = await submit();
    const last = await admitAll(pipeline, async (child, job) => {
      if (child !== 1) return;
      const { id } = (await childrenOf(url(), pipeline))[1]!;
      const running = await until(
        () => jobAt(url(), id),
        ({ progress }) => (progress?.done ?? 0) > 40,
        50,
      );
      await setSuspend(job.metadata.name, true);
      const next = await made(running, 2);
      expect(next.spec!.suspend).toBe(true);
      const queued = await until(
        () => jobAt(url(), id),
        ({ state }) => state === 'queued',
      );
      expect(queued).toMatchObject({ failures: 0, attempts: [{ outcome: 'interrupted' }] });
      await setSuspend(next.metadata.name, false);
    });
    expect(last.state).toBe('succeeded');
    expect(await outcomesOf(url(), pipeline)).toEqual(undisturbed);
  }, 180_000);

  it('a Job that is unsuspended and suspended in quick succession charges nothing', async () => {
    const { corpus } = examplePipeline();
    const { body } = await ask(`${url()}/jobs`, { body: { kind: 'corpus', name: 'flaps', ...corpus, reuse: false } });
    const { id } = body as { id: string };
    let { metadata } = await made({ id, name: 'flaps' }, 1);
    // The attempt may end with any of them, and its Job with it.
    for (const suspend of [false, true, false, true]) await setSuspend(metadata.name, suspend).catch(() => undefined);
    // The Job that waits now may be the first one still, or the next.
    const waiting = async () =>
      (await jobs()).find(
        ({ metadata, spec }) =>
          metadata.name.startsWith('flaps-') && spec?.suspend && metadata.deletionTimestamp === undefined,
      );
    for (;;) {
      const state = (await jobAt(url(), id)).state;
      if (state === 'succeeded') break;
      expect(['failed', 'cancelled']).not.toContain(state);
      const found = await waiting();
      if (found) {
        ({ metadata } = found);
        await setSuspend(metadata.name, false).catch(() => undefined); // it is gone: the next one
      }
      await sleep(500);
    }
    expect((await jobAt(url(), id)).failures).toBe(0);
  }, 120_000);
});
