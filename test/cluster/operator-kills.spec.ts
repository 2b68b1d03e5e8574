import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { JOBS, PODS, TRAINING_JOBS } from '@orestes/kubernetes';
import { describeCluster, FIRST_BUILD_MS } from '@orestes/dev-cluster/testing';
import { JOB_LABEL, type JobEvent } from '@orestes/contracts';
import { ask, examplePipeline } from '../support/service.js';
import { ended, historyOf, until } from '../support/wait.js';
import { ended as endedProcess, NAMESPACE, startTestCluster, type TestCluster } from './test-cluster.js';
import { WriteCounter } from './write-proxy.js';

/** Short terms, so that the next operator takes over soon. */
const election = { leaseSeconds: 2, renewSeconds: 1.5, retrySeconds: 0.3 };
/** The lease's writes say nothing of jobs, and the workers' are not the operator's. */
const counter = new WriteCounter(/\/leases(\/|$|\?)|^\/attempts\//);
let cluster: TestCluster;
let number = 0;

/** A job that takes a second. */
async function submit(): Promise<string> {
  const spec = { kind: 'corpus', name: `kill-${++number}`, ...examplePipeline().corpus, reuse: false };
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

  it('leaves the same behind as if it had lived', async () => {
    expect(undisturbed).toMatchObject({ state: 'succeeded', attempts: ['1 succeeded'], jobs: 1, pods: 1, ends: 1 });
    const needed = [/^POST \/cluster\/jobs\/.*\/begin$/, /^POST \/apis\/batch\/v1\/.*\/jobs$/];
    for (const write of needed) expect(writes).toContainEqual(expect.stringMatching(write));
    let hits = 0;
    for (let write = 1; write <= writes.length; write++)
      for (const when of ['before', 'after'] as const) {
        const hit = counter.arm(write, when);
        const id = await submit();
        // Whether what the job waits for is told hangs on how long it waits: the last writes may not come.
        const done = outcome(id);
        if (await Promise.race([hit.then(() => true), done.then(() => false)])) {
          hits++;
          await endedProcess(cluster.operator, 'SIGKILL');
          cluster.startOperator();
        }
        expect({ write, when, ...(await done) }).toEqual({ write, when, ...undisturbed });
      }
    process.stdout.write(
      `operator killed ${hits} times at its ${writes.length} writes, lost 0:\n  ${writes.join('\n  ')}\n`,
    );
    expect(hits).toBeGreaterThanOrEqual(2 * needed.length);
  }, 600_000);
});
