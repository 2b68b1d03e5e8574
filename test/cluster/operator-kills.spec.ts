import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { Informer, JOBS, PODS, TRAINING_JOBS, type Job, type Pod } from '@orestes/kubernetes';
import { describeCluster, FIRST_BUILD_MS } from '@orestes/dev-cluster/testing';
import { JOB_LABEL, type JobEvent, type JobList, type TrainingJob } from '@orestes/contracts';
import { ask, examplePipeline } from '../support/service.js';
import { ended, historyOf, jobAt, until } from '../support/wait.js';
import { attemptMade, ended as endedProcess, NAMESPACE, startTestCluster, type TestCluster } from './test-cluster.js';
import { WriteCounter } from './write-proxy.js';

/** Short terms, so that the next operator takes over soon. */
const election = { leaseSeconds: 2, renewSeconds: 1.5, retrySeconds: 0.3 };
/**
 * The lease's writes say nothing of jobs, and the workers' are not the operator's. What a job waits for is told or not by how long
 * it waits.
 */
const counter = new WriteCounter(/\/leases(\/|$|\?)|^\/attempts\/|\/waiting$/);
let cluster: TestCluster;
let number = 0;

/** A job that takes a second. */
async function submit(resources?: object): Promise<string> {
  const spec = { kind: 'corpus', name: `kill-${++number}`, ...examplePipeline().corpus, reuse: false, resources };
  return ((await ask(`${cluster.service.url}/jobs`, { body: spec })).body as { id: string }).id;
}

async function outcome(id: string) {
  const job = await ended(() => cluster.service.url, id);
  const objects = async () => (await cluster.client.list(TRAINING_JOBS, { namespace: NAMESPACE })).items;
  const own = await until(
    async () => (await objects()).find(({ metadata }) => metadata.labels?.[JOB_LABEL] === id),
    (object) => object?.status?.phase === job.state && object.status.conditions?.at(-1)?.type === 'Complete',
  );
  const selected = { namespace: NAMESPACE, labelSelector: `orestes.dev/training-job=${own!.metadata.name}` };
  const [jobs, pods] = [await cluster.client.list(JOBS, selected), await cluster.client.list(PODS, selected)];
  const events = await historyOf<JobEvent>(cluster.service.url, id, 'events');
  return {
    state: job.state,
    attempts: job.attempts.map(({ epoch, outcome }) => `${epoch} ${outcome}`),
    failures: job.failures,
    digest: (job.result as { digest: string }).digest,
    ends: events.filter(({ state }) => state === job.state).length,
    jobs: jobs.items.length,
    pods: pods.items.length,
    conditions: own!.status!.conditions!.map(({ type, status }) => `${type} ${status}`),
  };
}

describeCluster('the operator, killed before and after each of its writes', () => {
  let undisturbed: Awaited<ReturnType<typeof outcome>>;
  let writes: string[] = [];

  beforeAll(async () => {
    cluster = await startTestCluster({ operator: { election }, writes: counter });
    await outcome(await submit()); // the leader is found by then
    counter.watch();
    undisturbed = await outcome(await submit());
    await sleep(500);
    writes = [...counter.seen];
  }, FIRST_BUILD_MS);
  afterAll(() => cluster?.stop(), 60_000);

  it('leaves the same behind of a job that succeeds as if it had lived', async () => {
    expect(undisturbed).toMatchObject({ state: 'succeeded', attempts: ['1 succeeded'], jobs: 1, pods: 1, ends: 1 });
    const needed = [/^POST \/cluster\/jobs\/.*\/begin$/, /^POST \/apis\/batch\/v1\/.*\/jobs$/];
    for (const write of needed) expect(writes).toContainEqual(expect.stringMatching(write));
    await killAtEach(writes, async () => outcome(await submit()), undisturbed);
  }, 600_000);

  it('leaves the same behind of one that is suspended, resumed and deleted by its object', async () => {
    counter.watch();
    const undisturbed = await lifeByHand();
    const writes = [...counter.seen];
    expect(undisturbed).toEqual({
      ...{ state: 'cancelled', failures: 0, attempts: ['1 interrupted', '2 superseded'], podsOfAttempts: '1 1 2 2' },
      states: ['queued', 'admitted', 'suspending', 'suspended', 'queued', 'admitted', 'cancelled'],
    });
    const object = String.raw`PATCH /apis/orestes.dev/v1alpha1/namespaces/orestes/trainingjobs/[^/]+`;
    const kinds = [
      ...[`${object}$`, `${object}/status`, 'POST /cluster/jobs$'],
      ...['begin', 'suspend', 'end', 'resume', 'cancel'].map((request) => `POST /cluster/jobs/.*/${request}`),
      ...[
        'POST /apis/batch/',
        'PATCH /apis/batch/',
        'DELETE /apis/batch/',
        'POST /api/v1/namespaces/orestes/services$',
      ],
    ];
    for (const kind of kinds) expect(writes).toContainEqual(expect.stringMatching(kind));
    await killAtEach(writes, lifeByHand, undisturbed);
  }, 900_000);

  it('takes away what a leader that was stopped makes late, of an attempt that is over', async () => {
    const makesTheJob = writes.findIndex((write) => /^POST .*\/jobs$/.test(write)) + 1;
    const hit = counter.arm(makesTheJob, 'before');
    const id = await submit({ cpus: 1000 }); // no node has so many: it stays
    await hit;
    const stopped = cluster.operator;
    stopped.kill('SIGSTOP');
    cluster.startOperator();
    const state = (state: string) =>
      until(
        () => jobAt(cluster.service.url, id),
        (job) => job.state === state,
      );
    const { name } = (await attemptMade(cluster, await jobAt(cluster.service.url, id), 1)).metadata;
    await ask(`${cluster.service.url}/jobs/${id}/suspend`, { method: 'POST' });
    await state('suspended');
    await ask(`${cluster.service.url}/jobs/${id}/resume`, { method: 'POST' });
    await attemptMade(cluster, await state('admitted'), 2);
    const first = () => cluster.client.find(JOBS, { namespace: NAMESPACE, name });
    await until(first, (job) => job === null);
    const made = new Informer<Job>(cluster.client, JOBS, { namespace: NAMESPACE });
    let late = 0;
    made.subscribe(({ old, new: job }) => (late += Number(!old && job?.metadata.name === name)));
    made.start();
    counter.letGo();
    await until(
      () => Promise.resolve(late),
      (count) => count === 1,
    );
    await until(first, (job) => job === null);
    await made.stop();
    await endedProcess(stopped, 'SIGKILL');
    const { attempts } = await jobAt(cluster.service.url, id);
    expect(attempts.map(({ outcome }) => outcome)).toEqual(['interrupted', null]);
    await ask(`${cluster.service.url}/jobs/${id}/cancel`, { method: 'POST' });
    expect((await ended(() => cluster.service.url, id)).state).toBe('cancelled');
    process.stdout.write('a Job made late by a leader that was stopped: injected 1, lost 0\n');
  }, 120_000);
});

/** Lives as often as there are writes, twice; in each life the operator is killed at the next of them. */
async function killAtEach<T extends object>(writes: readonly string[], live: () => Promise<T>, undisturbed: T) {
  let hits = 0;
  for (const [i] of writes.entries())
    for (const when of ['before', 'after'] as const) {
      const hit = counter.arm(i + 1, when);
      const done = live();
      if (await Promise.race([hit.then(() => true), done.then(() => false)])) {
        hits++;
        await endedProcess(cluster.operator, 'SIGKILL');
        cluster.startOperator();
      }
      expect({ write: writes[i], when, ...(await done) }).toEqual({ write: writes[i], when, ...undisturbed });
      counter.watch(); // what comes late is not held up
    }
  process.stdout.write(
    `operator killed ${hits} times at its ${writes.length} writes, lost 0:\n  ${writes.join('\n  ')}\n`,
  );
  expect(hits).toBe(2 * writes.length);
}

/** A job of two hosts that no node has room for, written by hand: suspended when its pods are there, resumed, and deleted. */
async function lifeByHand() {
  const ref = { namespace: NAMESPACE, name: `hand-${++number}` };
  const resources = { hosts: 2, cpus: 1000 };
  const spec = { corpus: { name: ref.name, ...examplePipeline().corpus, reuse: false, resources } };
  await cluster.client.create(TRAINING_JOBS, { metadata: ref, spec } as unknown as TrainingJob);
  const suspend = (suspend: boolean) => cluster.client.patch(TRAINING_JOBS, ref, { merge: { spec: { suspend } } });
  const selected = { namespace: NAMESPACE, labelSelector: `orestes.dev/training-job=${ref.name}` };
  const podsOf = async (epoch: number) =>
    (await cluster.client.list(PODS, selected)).items.filter(
      ({ metadata }) => metadata.labels!['orestes.dev/attempt'] === String(epoch),
    );
  const hasBegun = (epoch: number) =>
    until(
      () => podsOf(epoch),
      ({ length }) => length === 2,
    );
  const object = () => cluster.client.find(TRAINING_JOBS, ref);
  const pods = new Informer<Pod>(cluster.client, PODS, selected);
  const everSeen = new Map<string, string>();
  pods.subscribe(({ new: pod }) => pod && everSeen.set(pod.metadata.uid, pod.metadata.labels!['orestes.dev/attempt']!));
  pods.start();
  await hasBegun(1);
  await suspend(true);
  await until(object, (found) => found?.status?.phase === 'suspended');
  await suspend(false);
  await hasBegun(2);
  await cluster.client.delete(TRAINING_JOBS, ref);
  const left = async () => [...(await cluster.client.list(JOBS, selected)).items, ...(await podsOf(2)), await object()];
  await until(left, (all) => all.every((each) => each === null));
  await pods.stop();
  const { items } = (await ask(`${cluster.service.url}/jobs?name=${ref.name}`)).body as JobList;
  const { state, failures, attempts, id } = await jobAt(cluster.service.url, items[0]!.id);
  const events = await historyOf<JobEvent>(cluster.service.url, id, 'events');
  return {
    ...{ state, failures, attempts: attempts.map(({ epoch, outcome }) => `${epoch} ${outcome}`) },
    podsOfAttempts: [...everSeen.values()].sort().join(' '),
    states: events.filter(({ type }) => type === 'state').map(({ state }) => state),
  };
}
