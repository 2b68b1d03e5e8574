import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { JOB_LABEL, type JobDocument, type JobEvent } from '@orestes/contracts';
import { describeCluster, FIRST_BUILD_MS } from '@orestes/dev-cluster/testing';
import { objectNameOf } from '@orestes/jobs';
import { JOBS, TRAINING_JOBS } from '@orestes/kubernetes';
import { ask, examplePipeline } from '../support/service.js';
import { ended, historyOf, jobAt, until } from '../support/wait.js';
import { ended as endedProcess, NAMESPACE, startTestCluster, type TestCluster } from './test-cluster.js';

const TERM_MS = 2000;
const election = { leaseSeconds: TERM_MS / 1000, renewSeconds: 1.5, retrySeconds: 0.3 };
const JOBS_EACH = 4;
let cluster: TestCluster;
let number = 0;

/** Sent again with its key until it is answered, as clients do. */
async function submit(): Promise<string> {
  const body = { kind: 'corpus', name: `fault-${++number}`, ...examplePipeline().corpus, reuse: false };
  const headers = { 'idempotency-key': body.name };
  const answer = await until(
    () => ask(`${cluster.service.url}/jobs`, { body, headers }),
    ({ status }) => status === 202,
    50,
  );
  return (answer.body as { id: string }).id;
}

const FAULTS: Record<string, () => Promise<void>> = {
  'the service is killed': () => cluster.service.killAndRestart(500),
  'the API server is killed': async () => {
    await cluster.control.apiServer.kill();
    await sleep(500);
    await cluster.control.apiServer.start();
  },
  'etcd is killed': async () => {
    await cluster.control.etcd.kill();
    await sleep(500);
    await cluster.control.etcd.start();
  },
  'the leader is killed': async () => {
    await endedProcess(cluster.operator, 'SIGKILL');
    cluster.startOperator();
  },
  // As in another cluster, or namespace, on the same database: its terms begin anew.
  'the leader is killed, and its Lease is gone': async () => {
    await endedProcess(cluster.operator, 'SIGKILL');
    await cluster.control.kubectl('delete', 'lease', 'orestes-operator', '-n', NAMESPACE);
    cluster.startOperator();
  },
  'the leader stands still for two terms, and goes on beside its successor': async () => {
    const old = cluster.operator;
    old.kill('SIGSTOP');
    cluster.startOperator();
    await sleep(2 * TERM_MS);
    old.kill('SIGCONT');
    await sleep(TERM_MS);
    await endedProcess(old, 'SIGKILL');
  },
};

/** What a leader of an earlier term still sends. */
async function sendStale(job: string): Promise<unknown[]> {
  const account = ['create', 'token', 'orestes-operator', '-n', NAMESPACE, '--audience=orestes-api'];
  const headers = { authorization: `Bearer ${(await cluster.control.kubectl(...account)).trim()}` };
  const { body } = await ask(`${cluster.service.url}/jobs/${job}`);
  const object = `${NAMESPACE}/${objectNameOf(body as JobDocument)}`;
  const requests = {
    begin: { epoch: 2, graceSeconds: 30 },
    end: { epoch: 1, outcome: 'lost', message: 'late' },
    waiting: { message: 'late' },
    cancel: {},
  };
  const answers: unknown[] = [];
  for (const [request, more] of Object.entries(requests)) {
    const url = `${cluster.service.url}/cluster/jobs/${job}/${request}`;
    const answer = await ask(url, { body: { leader: 0, object, generation: 1, ...more }, headers });
    answers.push([request, answer.status, (answer.body as { code: string }).code]);
  }
  return answers;
}

describeCluster('faults of what controls', () => {
  beforeAll(async () => {
    cluster = await startTestCluster({ operator: { election } });
    expect((await ended(() => cluster.service.url, await submit())).state).toBe('succeeded');
  }, FIRST_BUILD_MS);
  afterAll(() => cluster?.stop(), 60_000);

  it.each(Object.keys(FAULTS))(
    '%s: every job has one row, one object, one attempt and one end',
    async (fault) => {
      const ids: string[] = [];
      const submitted = (async () => {
        for (let i = 0; i < JOBS_EACH; i++) ids.push(await submit());
      })();
      await sleep(Math.random() * 500);
      await FAULTS[fault]!();
      await submitted;
      const jobs = await Promise.all(ids.map((id) => ended(() => cluster.service.url, id)));
      expect(jobs.map(({ state, attempts }) => [state, attempts.map(({ outcome }) => outcome)])).toEqual(
        jobs.map(() => ['succeeded', ['succeeded']]),
      );
      const settled = async () => {
        const { items } = await cluster.client.list(TRAINING_JOBS, { namespace: NAMESPACE });
        return items.filter(({ metadata }) => ids.includes(metadata.labels?.[JOB_LABEL] ?? ''));
      };
      const objects = await until(settled, (all) => all.every(({ status }) => status?.phase === 'succeeded'));
      expect(objects.map(({ metadata }) => metadata.labels![JOB_LABEL]).sort()).toEqual([...ids].sort());
      for (const { metadata } of objects) {
        const labelSelector = `orestes.dev/training-job=${metadata.name}`;
        const own = await cluster.client.list(JOBS, { namespace: NAMESPACE, labelSelector });
        // None, where the worker had told its end before the kubelet could: the operator takes away what still seems to run.
        expect([`${metadata.name}-1`]).toEqual(expect.arrayContaining(own.items.map((job) => job.metadata.name)));
      }
      for (const id of ids) {
        const events = await historyOf<JobEvent>(cluster.service.url, id, 'events');
        expect(events.filter(({ state }) => state === 'succeeded')).toHaveLength(1);
      }
      process.stdout.write(`${fault}: ${ids.length} jobs, lost 0\n`);
    },
    120_000,
  );

  it('an operator that has found no apiserver yet ends when it is asked to', async () => {
    await cluster.control.apiServer.kill();
    try {
      const operator = cluster.startOperator();
      await once(operator.stderr!, 'data'); // it says that nobody answers
      operator.kill('SIGTERM');
      expect(await once(operator, 'exit')).toEqual([0, null]);
    } finally {
      await cluster.control.apiServer.start();
    }
  }, 30_000);

  it('a worker that the service does not know yet is asked to come again while there is no apiserver', async () => {
    const account = ['create', 'token', 'orestes-worker', '-n', NAMESPACE, '--audience=orestes-api'];
    const headers = { authorization: `Bearer ${(await cluster.control.kubectl(...account)).trim()}` };
    const report = () =>
      ask(`${cluster.service.url}/attempts/${randomUUID()}/reports`, {
        body: { first: 0, items: [], progress: null },
        headers,
      });
    await cluster.control.apiServer.kill();
    try {
      const answer = await report();
      expect(answer).toMatchObject({ status: 503, body: { code: 'KUBERNETES_UNREACHABLE' } });
      expect(answer.headers.get('retry-after')).toBe('1');
    } finally {
      await cluster.control.apiServer.start();
    }
    expect(await report()).toMatchObject({ status: 401, body: { code: 'TOKEN_UNKNOWN' } }); // it is of no pod
  }, 60_000);

  it('what a leader of an earlier term still sends is refused, and changes nothing', async () => {
    const id = await submit();
    const before = await ended(() => cluster.service.url, id);
    const refused = ['begin', 'end', 'waiting', 'cancel'].map((request) => [request, 409, 'LEADER_SUPERSEDED']);
    expect(await sendStale(id)).toEqual(refused);
    expect(await jobAt(cluster.service.url, id)).toEqual(before);
  });
});
