import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { JOB_LABEL, type JobDocument } from '@orestes/contracts';
import { describeCluster, FIRST_BUILD_MS } from '@orestes/dev-cluster/testing';
import { attemptIdOf } from '@orestes/jobs';
import { PODS, TRAINING_JOBS } from '@orestes/kubernetes';
import { outcomesOf, type Outcome } from '../faults/outcome.js';
import { ask, examplePipeline } from '../support/service.js';
import { childrenOf, ended, jobAt, until } from '../support/wait.js';
import { evict } from './evict.js';
import { NAMESPACE, startTestCluster, type TestCluster } from './test-cluster.js';

const STEPS = 400;
/** Exit code of a worker whose attempt is over: apps/worker/src/service/attempt.ts. */
const SUPERSEDED = 3;
let cluster: TestCluster;
let undisturbed: Outcome[];

const url = () => cluster.service.url;

async function submit(body: object): Promise<string> {
  const answer = await ask(`${url()}/jobs`, { body });
  expect(answer.status).toBe(202);
  return (answer.body as { id: string }).id;
}

/** The pretraining of a new pipeline, when it has made some steps; and its pod. */
async function inPretraining(): Promise<{ pipeline: string; job: JobDocument; pod: string }> {
  const pipeline = await submit(pipelineOf());
  const job = await until(
    async () => (await childrenOf(url(), pipeline))[1]!,
    ({ progress, state }) => state === 'running' && (progress?.done ?? 0) > 40,
    50,
  );
  const [pod] = cluster.node!.running;
  return { pipeline, job, pod: pod! };
}

const pipelineOf = () => ({ ...examplePipeline({ name: 'village', steps: STEPS }), reuse: false });

/** The pipeline's end is the undisturbed one's. */
async function expectUndisturbed(pipeline: string): Promise<JobDocument> {
  expect((await ended(url, pipeline)).state).toBe('succeeded');
  expect(await outcomesOf(url(), pipeline)).toEqual(undisturbed);
  process.stdout.write(`${expect.getState().currentTestName}: injected 1, lost 0\n`);
  return (await childrenOf(url(), pipeline))[1]!;
}

const attemptsOf = ({ attempts }: JobDocument) => attempts.map(({ outcome }) => outcome);

describeCluster('pods that are taken away', () => {
  beforeAll(async () => {
    cluster = await startTestCluster({ queues: [{ name: 'default', gpus: {}, jobs: 1 }] });
    const pipeline = await submit(pipelineOf());
    expect((await ended(url, pipeline)).state).toBe('succeeded');
    undisturbed = await outcomesOf(url(), pipeline);
  }, FIRST_BUILD_MS);
  afterAll(() => cluster?.stop(), 60_000);

  it('an evicted one saves, its job goes on from there, and no retry is charged', async () => {
    const { pipeline, pod } = await inPretraining();
    expect((await evict(cluster.control, NAMESPACE, pod, 20)).status).toBe(201);
    const job = await expectUndisturbed(pipeline);
    expect(attemptsOf(job)).toEqual(['interrupted', 'succeeded']);
    expect(job.failures).toBe(0);
  }, 180_000);

  it('one that is killed is charged, and its job goes on from its last checkpoint', async () => {
    const { pipeline, pod } = await inPretraining();
    cluster.node!.process(pod)!.kill('SIGKILL');
    const job = await expectUndisturbed(pipeline);
    expect(attemptsOf(job)).toEqual(['lost', 'succeeded']);
    expect(job.failures).toBe(1);
  }, 180_000);

  it('one that runs on beside its successor, where nobody reaches it, is refused and stops', async () => {
    const { pipeline, job, pod } = await inPretraining();
    const old = cluster.node!.abandon(pod);
    old.kill('SIGSTOP');
    const exit = once(old, 'exit');
    await cluster.client.delete(PODS, { namespace: NAMESPACE, name: pod }, { gracePeriodSeconds: 0 });
    await until(
      () => jobAt(url(), job.id),
      ({ state, attempts }) => state === 'running' && attempts.length === 2,
      50,
    );
    old.kill('SIGCONT');
    expect(await exit).toEqual([SUPERSEDED, null]);
    expect((await jobAt(url(), job.id)).state).toBe('running');
    expect(attemptsOf(await expectUndisturbed(pipeline))).toEqual([expect.any(String), 'succeeded']);
  }, 180_000);

  it('makes room for a job of a higher priority, and comes after it', async () => {
    const { pipeline, job } = await inPretraining();
    const first = await submit({ kind: 'corpus', name: 'urgent', ...pipelineOf().corpus, priority: 5, reuse: false });
    const urgent = await ended(url, first);
    expect(urgent.state).toBe('succeeded');
    const queued = await jobAt(url(), job.id);
    expect(Date.parse(urgent.finishedAt!)).toBeLessThan(
      Date.parse(queued.finishedAt ?? new Date(Date.now() + 1000).toISOString()),
    );
    const last = await expectUndisturbed(pipeline);
    expect(attemptsOf(last)).toEqual(['interrupted', 'succeeded']);
    expect(last.failures).toBe(0);
  }, 180_000);

  it('suspends and goes on by spec.suspend', async () => {
    const { pipeline, job } = await inPretraining();
    const objects = (await cluster.client.list(TRAINING_JOBS, { namespace: NAMESPACE })).items;
    const { name } = objects.find(({ metadata }) => metadata.labels?.[JOB_LABEL] === job.id)!.metadata;
    const patch = (suspend: boolean) =>
      cluster.control.kubectl(
        '-n',
        NAMESPACE,
        'patch',
        'tj',
        name,
        '--type=merge',
        '-p',
        JSON.stringify({ spec: { suspend } }),
      );
    await patch(true);
    await until(
      () => jobAt(url(), job.id),
      ({ state }) => state === 'suspended',
    );
    const gone = async () =>
      (await cluster.client.list(PODS, { namespace: NAMESPACE, labelSelector: `orestes.dev/training-job=${name}` }))
        .items;
    await until(gone, (pods) => pods.every(({ status }) => status?.phase !== 'Running' && status?.phase !== 'Pending'));
    await patch(false);
    expect(attemptsOf(await expectUndisturbed(pipeline))).toEqual(['interrupted', 'succeeded']);
  }, 180_000);

  it("has a token that opens nothing but its own attempt's routes", async () => {
    const { pipeline, job, pod } = await inPretraining();
    const file = /ORESTES_TOKEN_FILE=([^\0]+)/.exec(
      readFileSync(`/proc/${cluster.node!.process(pod)!.pid}/environ`, 'utf8'),
    )![1]!;
    const headers = { authorization: `Bearer ${readFileSync(file, 'utf8')}` };
    const { body } = await ask(`${url()}/openapi.json`);
    const { paths } = body as { paths: Record<string, Record<string, unknown>> };
    const opened: string[] = [];
    for (const [route, methods] of Object.entries(paths))
      for (const method of Object.keys(methods)) {
        const path = route
          .replace('{id}', route.startsWith('/attempts') ? attemptIdOf(pipeline, 1) : job.id)
          .replace('{request}', 'cancel');
        const sent = method === 'get' ? {} : { body: {} };
        const { status } = await ask(`${url()}${path}`, { method: method.toUpperCase(), headers, ...sent });
        if (status !== 401) opened.push(`${method} ${route} ${status}`);
      }
    // Open to everybody: whether it lives, and what it offers.
    expect(opened.filter((route) => !/ \/(healthz|readyz|metrics)/.test(route))).toEqual([]);
    await ask(`${url()}/jobs/${pipeline}/cancel`, { method: 'POST' });
    expect((await ended(url, pipeline)).state).toBe('cancelled');
  }, 120_000);
});
