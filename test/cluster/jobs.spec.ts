import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { FINALIZER, JOB_LABEL, type JobList, type Leaderboard } from '@orestes/contracts';
import { objectNameOf } from '@orestes/jobs';
import { JOBS, PODS, TRAINING_JOBS } from '@orestes/kubernetes';
import { describeCluster, FIRST_BUILD_MS } from '@orestes/dev-cluster/testing';
import { ask, examplePipeline } from '../support/service.js';
import { childrenOf, ended, jobAt, until } from '../support/wait.js';
import { NAMESPACE, startTestCluster, whileRefused, type TestCluster } from './test-cluster.js';

let cluster: TestCluster;

describeCluster('jobs in a cluster', () => {
  beforeAll(async () => {
    cluster = await startTestCluster();
  }, FIRST_BUILD_MS);
  afterAll(() => cluster?.stop(), 60_000);

  const url = () => cluster.service.url;
  const kubectl = (...args: string[]) => cluster.control.kubectl('-n', NAMESPACE, ...args);
  const objects = async () => (await cluster.client.list(TRAINING_JOBS, { namespace: NAMESPACE })).items;
  const written = (object: Manifest): string => {
    const file = join(cluster.service.data, `${object.metadata.name}.json`);
    writeFileSync(file, JSON.stringify(object));
    return file;
  };
  const applied = (object: Manifest) => kubectl('apply', '-f', written(object));
  const named = async (name: string) => ((await ask(`${url()}/jobs?name=${name}`)).body as JobList).items;
  const submit = async (spec: object): Promise<string> => {
    const { status, body } = await ask(`${url()}/jobs`, { body: spec });
    expect({ status, body }).toMatchObject({ status: 202 });
    return (body as { id: string }).id;
  };

  it('runs a pipeline, from POST to the leaderboard, as pods with tokens of their own', async () => {
    const pipeline = await ended(url, await submit(examplePipeline({ name: 'first', steps: 40 })));
    expect({ state: pipeline.state, message: pipeline.message }).toMatchObject({ state: 'succeeded' });
    const children = await childrenOf(url(), pipeline.id);
    expect(children.map(({ attempts }) => attempts.length)).toEqual(children.map(() => 1));
    const found = await until(objects, (all) => all.every(({ status }) => status?.phase === 'succeeded'));
    expect(found.map(({ metadata }) => metadata.labels![JOB_LABEL]).sort()).toEqual(
      children.map(({ id }) => id).sort(),
    );
    const board = (await ask(`${url()}/leaderboard`)).body as Leaderboard;
    expect(board.rows.length).toBeGreaterThan(0);
  }, 300_000);

  it('makes a job of an object that kubectl applied, and cancels it when the object is deleted', async () => {
    const { corpus, pretrain } = examplePipeline({ steps: 1_000_000 });
    const made = await submit({ kind: 'corpus', name: 'for-by-hand', ...corpus });
    await applied(byHand('by-hand', { corpus: `job:${made}`, ...pretrain, engine: { precision: 'f32' } }, 'pretrain'));
    const [job] = await until(
      () => named('by-hand'),
      ([first]) => first?.state === 'running',
    );
    expect(await kubectl('get', 'tj', 'by-hand')).toMatch(/^NAME +KIND +PHASE .*\nby-hand +pretrain +\w+ +1 /);
    await kubectl('delete', 'tj', 'by-hand', '--timeout=60s');
    expect((await ended(url, job!.id)).state).toBe('cancelled');
    expect((await named('by-hand')).length).toBe(1);
    const left = async () =>
      (await cluster.client.list(JOBS, { namespace: NAMESPACE, labelSelector: 'orestes.dev/training-job=by-hand' }))
        .items;
    expect(await until(left, ({ length }) => length === 0)).toEqual([]);
  }, 120_000);

  it('cancels the job of an object that was deleted before its registration was answered', async () => {
    cluster.operator.kill('SIGSTOP');
    await applied(byHand('early', examplePipeline().corpus));
    const merge = { metadata: { finalizers: [FINALIZER] } }; // as the operator that was killed then has left it
    await cluster.client.patch(TRAINING_JOBS, { namespace: NAMESPACE, name: 'early' }, { merge });
    await kubectl('delete', 'tj', 'early', '--wait=false');
    cluster.operator.kill('SIGCONT');
    await kubectl('wait', '--for=delete', 'tj/early', '--timeout=60s');
    expect((await named('early')).map(({ state }) => state)).toEqual(['cancelled']);
  }, 120_000);

  it("takes over no Service that is another's", async () => {
    await kubectl('create', 'service', 'clusterip', 'another', '--clusterip=None');
    const before = await kubectl('get', 'service', 'another', '-o', 'json');
    const corpus = { ...examplePipeline().corpus, resources: { hosts: 2 }, retries: 0 };
    await applied(byHand('another', corpus));
    const [job] = await until(
      () => named('another'),
      ([first]) => first?.state === 'failed',
    );
    expect((await jobAt(url(), job!.id)).message).toMatch(
      /^its Job can't be made: .*services "another" already exists/,
    );
    expect(await kubectl('get', 'service', 'another', '-o', 'json')).toBe(before);
    await kubectl('delete', 'tj/another', 'service/another', '--timeout=60s');
  }, 120_000);

  it('makes a new job of a copy of an object, and of an object that has the name of one that is gone', async () => {
    const [original] = await objects();
    const { labels, name: first } = original!.metadata;
    const metadata = { name: 'copy', namespace: NAMESPACE, labels };
    const copy = { ...byHand('copy', {}), metadata, spec: original!.spec };
    const idOf = async (name: string) => {
      const own = async () => (await objects()).find(({ metadata }) => metadata.name === name);
      return (await until(own, (object) => object?.status?.phase === 'succeeded'))!.metadata.labels![JOB_LABEL];
    };
    await applied(copy);
    const ids = [await idOf(first), await idOf('copy')];
    await kubectl('delete', 'tj', 'copy', '--timeout=60s');
    await applied(copy);
    ids.push(await idOf('copy'));
    expect(new Set(ids).size).toBe(3);
  }, 180_000);

  it("refuses an object that poses as another job's, and lets it go", async () => {
    const { items } = (await ask(`${url()}/jobs?kind=pipeline`)).body as JobList;
    const pipeline = items[0]!;
    const name = objectNameOf(pipeline);
    const metadata = { name, namespace: NAMESPACE, labels: { [JOB_LABEL]: pipeline.id } };
    await applied({ ...byHand(pipeline.name, examplePipeline().corpus), metadata });
    const posing = async () => (await objects()).find(({ metadata }) => metadata.name === name);
    const refused = await until(posing, (object) => object?.status?.phase === 'refused');
    expect(refused!.status).toMatchObject({ reason: 'OBJECT_FOREIGN', message: expect.stringContaining(pipeline.id) });
    const made = async () =>
      (await cluster.client.list(JOBS, { namespace: NAMESPACE, labelSelector: `orestes.dev/training-job=${name}` }))
        .items;
    expect(await until(made, ({ length }) => length === 0)).toEqual([]);
    expect(await jobAt(url(), pipeline.id)).toMatchObject({ state: 'succeeded', attempts: [] });
    await kubectl('delete', 'tj', name, '--timeout=60s');
  }, 120_000);

  it('fails a job whose Job the cluster refuses, in its words, and gives its place back', async () => {
    const run = async (name: string) =>
      ended(url, await submit({ kind: 'corpus', name, ...examplePipeline().corpus, reuse: false, retries: 1 }));
    const refused = await whileRefused(cluster, 'count/jobs.batch', () => run('refused'));
    expect(refused).toMatchObject({ state: 'failed', reason: 'WORKER_LOST', failures: 2 });
    expect(refused.message).toMatch(/^its Job can't be made: .*quota: none/);
    expect((await run('taken')).state).toBe('succeeded');
  }, 120_000);

  it('says why a job has no object, or no pod, while the cluster takes none, and goes on when it does', async () => {
    for (const [resource, name, why] of [
      ['count/trainingjobs.orestes.dev', 'no-object', /^its object can't be made: .*quota: none/],
      ['pods', 'no-pod', /^The cluster makes no pod of it: kubectl describe job no-pod-\S+-1 says why\.$/],
    ] as const) {
      const id = await whileRefused(cluster, resource, async () => {
        const id = await submit({ kind: 'corpus', name, ...examplePipeline().corpus, reuse: false });
        await until(
          () => jobAt(url(), id),
          (job) => why.test(job.why),
        );
        return id;
      });
      expect(await ended(url, id)).toMatchObject({ state: 'succeeded', failures: 0 });
    }
  }, 240_000);

  it('makes the object of a job behind more of them than a round of those that the cluster refuses', async () => {
    const { corpus } = examplePipeline();
    const file = written(byHand('never-probe', corpus));
    const refusal = () => kubectl('create', '--dry-run=server', '-f', file).catch((error: Error) => error.message);
    await cluster.control.apply(POLICY);
    await until(refusal, (text) => text.includes('no such name'));
    const never = Array.from({ length: 120 }, (_, i) => ({
      kind: 'corpus',
      name: `never-${i}`,
      ...corpus,
      priority: 1,
    }));
    const ids: string[] = [];
    for (const spec of never) ids.push(await submit(spec));
    for (const id of ids)
      await until(
        () => jobAt(url(), id),
        ({ why }) => /^its object can't be made: .*no such name/.test(why),
      );
    expect((await ended(url, await submit({ kind: 'corpus', name: 'behind', ...corpus }))).state).toBe('succeeded');
    for (const id of ids) await ask(`${url()}/jobs/${id}/cancel`, { method: 'POST' });
  }, 120_000);

  it('begins what kubectl applied when the jobs whose outputs it needs have succeeded', async () => {
    const { corpus, pretrain } = examplePipeline({ steps: 20 });
    const id = await submit({ kind: 'corpus', name: 'needed', ...corpus, reuse: false, priority: -1 });
    await ask(`${url()}/jobs/${id}/suspend`, { method: 'POST' });
    await applied(byHand('needs', { corpus: `job:${id}`, ...pretrain }, 'pretrain'));
    await until(
      () => kubectl('get', 'tj', 'needs', '-o', 'jsonpath={.status.message}'),
      (message) =>
        message === 'It waits for other jobs: those whose outputs it needs, or one that writes into its own.',
    );
    await ask(`${url()}/jobs/${id}/resume`, { method: 'POST' });
    const needed = await ended(url, id);
    const [job] = await named('needs');
    const last = await ended(url, job!.id);
    expect(last).toMatchObject({ state: 'succeeded', attempts: [{ outcome: 'succeeded' }] });
    expect(Date.parse(last.startedAt!)).toBeGreaterThan(Date.parse(needed.finishedAt!));
  }, 120_000);

  it('lets no two jobs write into one output at a time', async () => {
    const output = join(cluster.service.data, 'one-output');
    const ids = await Promise.all(
      ['one', 'other'].map((name) => submit({ kind: 'corpus', name, ...examplePipeline().corpus, output })),
    );
    const jobs = await Promise.all(ids.map((id) => ended(url, id)));
    const [first, second] = jobs.sort((a, b) => Date.parse(a.startedAt!) - Date.parse(b.startedAt!));
    expect(first!.state).toBe('succeeded');
    expect(Date.parse(second!.startedAt!)).toBeGreaterThanOrEqual(Date.parse(first!.finishedAt!));
  }, 120_000);

  it('lets what was cancelled and is tried again begin when the pod that may still save is gone', async () => {
    const { corpus, pretrain } = examplePipeline({ steps: 1_000_000 });
    const id = await submit({ kind: 'corpus', name: 'saved', ...corpus });
    const first = await submit({ kind: 'pretrain', name: 'again', corpus: `job:${id}`, ...pretrain });
    const begun = (each: string) =>
      until(
        () => jobAt(url(), each),
        ({ state }) => state === 'running',
      );
    await begun(first);
    await ask(`${url()}/jobs/${first}/cancel`, { method: 'POST' });
    const { body } = await ask(`${url()}/jobs/${first}/retry`, { method: 'POST' });
    const second = (body as { id: string }).id;
    await begun(second);
    const [cancelled, retried] = [await jobAt(url(), first), await jobAt(url(), second)];
    expect(retried.output).toBe(cancelled.output);
    const after = Date.parse(retried.startedAt!) - Date.parse(cancelled.finishedAt!);
    expect(after).toBeGreaterThanOrEqual(30_000); // the grace of the tests' pods
    await ask(`${url()}/jobs/${second}/cancel`, { method: 'POST' });
  }, 180_000);

  it('ends a job that runs too long for good, though its worker saves when it is asked to end', async () => {
    const { corpus, pretrain } = examplePipeline({ steps: 1_000_000 });
    const id = await submit({ kind: 'corpus', name: 'short', ...corpus });
    const resources = { maxRuntimeSeconds: 15 };
    const long = await submit({ kind: 'pretrain', name: 'long', corpus: `job:${id}`, ...pretrain, resources });
    const job = await ended(url, long);
    expect(job).toMatchObject({ state: 'failed', reason: 'MAX_RUNTIME', failures: 0 });
    expect(job.attempts.map(({ outcome }) => outcome)).toEqual(['failed']);
    expect(job.progress!.done).toBeGreaterThan(0);
  }, 180_000);

  it('says why a job waits, and ends its pods when it is cancelled', async () => {
    const spec = { ...examplePipeline({ name: 'much', steps: 40 }).corpus };
    const id = await submit({ kind: 'corpus', name: 'much', ...spec, resources: { queue: 'nowhere' } });
    const waiting = await until(
      () => jobAt(url(), id),
      ({ why }) => why.includes('nowhere'),
    );
    expect(waiting.why).toBe('There is no queue nowhere (there are default).');
    await ask(`${url()}/jobs/${id}/cancel`, { method: 'POST' });
    const gone = async () => (await objects()).find(({ metadata }) => metadata.labels?.[JOB_LABEL] === id);
    expect(await until(gone, (object) => object?.status?.phase === 'cancelled')).toMatchObject({
      status: { job: { state: 'cancelled' } },
    });
    const pods = await cluster.client.list(PODS, { namespace: NAMESPACE });
    expect(pods.items.filter(({ metadata }) => metadata.name.startsWith('much-'))).toEqual([]);
  }, 60_000);
});

/** A TrainingJob as somebody writes it: what has a default may be left out. */
interface Manifest {
  metadata: { name: string; namespace: string };
  spec: object;
}

const byHand = (name: string, given: object, kind: 'corpus' | 'pretrain' = 'corpus'): Manifest => ({
  ...{ apiVersion: 'orestes.dev/v1alpha1', kind: 'TrainingJob' },
  metadata: { name, namespace: NAMESPACE },
  spec: { [kind]: { name, ...given } },
});

/** Of the cluster, as its owners set them: objects of some names are not taken. */
const POLICY = [
  {
    ...{
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: 'ValidatingAdmissionPolicy',
      metadata: { name: 'never' },
    },
    spec: {
      matchConstraints: {
        resourceRules: [
          {
            ...{ apiGroups: ['orestes.dev'], apiVersions: ['v1alpha1'], resources: ['trainingjobs'] },
            operations: ['CREATE'],
          },
        ],
      },
      validations: [{ expression: "!object.metadata.name.startsWith('never-')", message: 'no such name' }],
    },
  },
  {
    ...{ apiVersion: 'admissionregistration.k8s.io/v1', kind: 'ValidatingAdmissionPolicyBinding' },
    metadata: { name: 'never' },
    spec: { policyName: 'never', validationActions: ['Deny'] },
  },
];
