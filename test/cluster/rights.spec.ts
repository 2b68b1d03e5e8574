import { expect, it } from '@jest/globals';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { JobList } from '@orestes/contracts';
import { createDataSource, type DataSource } from '@orestes/database';
import { startTestPostgres } from '@orestes/database/testing';
import { describeCluster, FIRST_BUILD_MS } from '@orestes/dev-cluster/testing';
import { objectNameOf } from '@orestes/jobs';
import { JOBS, TRAINING_JOBS } from '@orestes/kubernetes';
import { ask, examplePipeline } from '../support/service.js';
import { ended, jobAt, until } from '../support/wait.js';
import { CLUSTER_RULES, NAMESPACE, RULES, startTestCluster, type TestCluster } from './test-cluster.js';

/** What everybody may do: it asks which API there is. */
const DISCOVERY = /^\/(api|apis|openapi|version)(\/[^/]+){0,2}$/;

/** Asked by an admission plugin, on here, of who makes an object with an owner: no request of its own. */
const ASKED_BY_ADMISSION = { api: [], operator: ['update orestes.dev/trainingjobs/finalizers'] };
const PLUGINS = 'NodeRestriction,OwnerReferencesPermissionEnforcement';

interface AuditEvent {
  user: { username: string };
  verb: string;
  requestURI: string;
  objectRef?: { apiGroup?: string; resource: string; subresource?: string };
  responseStatus?: { code: number };
}

/** `verb group/resource`, of which each program's rights and requests consist. */
const used = (events: AuditEvent[], account: string): string[] => {
  const own = events.filter(({ user }) => user.username === `system:serviceaccount:${NAMESPACE}:orestes-${account}`);
  const asked = own
    .filter(({ requestURI, objectRef }) => objectRef !== undefined || !DISCOVERY.test(requestURI))
    .flatMap(({ verb, requestURI, objectRef, responseStatus }) => {
      if (!objectRef) return [`${verb} ${requestURI}`];
      const { apiGroup = '', resource, subresource } = objectRef;
      // An apply that makes the object is a patch that needs the right to create.
      const verbs = verb === 'patch' && responseStatus?.code === 201 ? ['create', verb] : [verb];
      return verbs.map((each) => `${each} ${apiGroup}/${[resource, subresource].filter(Boolean).join('/')}`);
    });
  return [...new Set(asked)].sort();
};

const granted = (rules: readonly { apiGroups: string[]; resources: string[]; verbs: string[] }[]): string[] =>
  rules
    .flatMap(({ apiGroups: [group], resources, verbs }) =>
      resources.flatMap((resource) => verbs.map((verb) => `${verb} ${group}/${resource}`)),
    )
    .sort();

describeCluster('rights in the cluster', () => {
  it(
    'that are granted are used, and nothing is asked that is not granted: by the audit log',
    async () => {
      const folder = mkdtempSync(join(tmpdir(), 'orestes-audit-'));
      const policy = join(folder, 'policy.json');
      const log = join(folder, 'audit.log');
      const rules = [{ level: 'Metadata', omitStages: ['RequestReceived'] }];
      writeFileSync(policy, JSON.stringify({ apiVersion: 'audit.k8s.io/v1', kind: 'Policy', rules }));
      const postgres = await startTestPostgres();
      const url = await postgres.database();
      const database = await createDataSource({ url, connections: 1 }).initialize();
      let cluster: TestCluster | null = null;
      try {
        cluster = await startTestCluster({
          environment: { DATABASE_URL: url },
          apiServer: {
            'audit-policy-file': policy,
            'audit-log-path': log,
            'audit-log-mode': 'blocking',
            'enable-admission-plugins': PLUGINS,
          },
          operator: { ttlSeconds: 1 },
        });
        await everythingOnce(cluster, database);
      } finally {
        await cluster?.stop();
        await database.destroy();
        await postgres.stop();
      }
      const events = readFileSync(log, 'utf8')
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as AuditEvent);
      rmSync(folder, { recursive: true });
      for (const account of ['api', 'operator'] as const)
        expect({ account, used: [...used(events, account), ...ASKED_BY_ADMISSION[account]].sort() }).toEqual({
          account,
          used: granted([...RULES[account], ...CLUSTER_RULES[account]]),
        });
      expect(events.filter(({ responseStatus }) => responseStatus?.code === 403)).toEqual([]);
    },
    FIRST_BUILD_MS,
  );
});

/**
 * A job that ends; one of two hosts that loses its Job, and is suspended; one that runs and loses its Job; one whose object was
 * made and not noted; one that kubectl makes, suspends, resumes where somebody has a Job of its name, and deletes; and what ended is
 * removed.
 */
async function everythingOnce(cluster: TestCluster, database: DataSource): Promise<void> {
  const { url } = cluster.service;
  const { corpus } = examplePipeline();
  const post = async (body: object) => ((await ask(`${url}/jobs`, { body })).body as { id: string }).id;
  const submit = (name: string, more: object = {}) => post({ kind: 'corpus', name, ...corpus, reuse: false, ...more });
  const kubectl = (...args: string[]) => cluster.control.kubectl('-n', NAMESPACE, ...args);
  const first = await submit('one');
  expect((await ended(() => url, first)).state).toBe('succeeded');
  const pair = await submit('pair', { resources: { hosts: 2, cpus: 1000 } }); // no node has so many: it stays
  const jobsOf = async (id: string) => {
    const labelSelector = `orestes.dev/training-job=${objectNameOf(await jobAt(url, id))}`;
    return (await cluster.client.list(JOBS, { namespace: NAMESPACE, labelSelector })).items;
  };
  const [lost] = await until(
    () => jobsOf(pair),
    ({ length }) => length === 1,
  );
  await kubectl('delete', 'job', lost!.metadata.name);
  // No worker had come: the attempt goes on with a Job that is made anew.
  const [again] = await until(
    () => jobsOf(pair),
    ([job]) => job !== undefined && job.metadata.uid !== lost!.metadata.uid,
  );
  expect(again!.metadata.name).toBe(lost!.metadata.name);
  await ask(`${url}/jobs/${pair}/suspend`, { method: 'POST' });
  await until(
    () => jobAt(url, pair),
    ({ state }) => state === 'suspended',
  );
  await ask(`${url}/jobs/${pair}/cancel`, { method: 'POST' });
  const { pretrain } = examplePipeline({ steps: 100_000 });
  const long = await post({ kind: 'pretrain', name: 'long', ...pretrain, corpus: `job:${first}` });
  await until(
    () => jobAt(url, long),
    ({ state }) => state === 'running',
  );
  await kubectl('delete', 'job', (await jobsOf(long))[0]!.metadata.name);
  // Its worker had begun: the next attempt has a Job of its own.
  await until(
    () => jobAt(url, long),
    ({ attempts }) => attempts.length === 2,
  );
  await ask(`${url}/jobs/${long}/cancel`, { method: 'POST' });
  const waits = await submit('waits', { resources: { queue: 'nowhere' } });
  const noted = async () => {
    const [job] = await database.query<[{ object: string | null }]>('SELECT object FROM job WHERE id = $1', [waits]);
    return job.object;
  };
  // The operator has said what it says of this job: it does not note the object before the service does.
  await until(
    () => jobAt(url, waits),
    ({ why }) => why.includes('nowhere'),
  );
  await database.query('UPDATE job SET object = NULL WHERE id = $1', [waits]); // as where the service was killed before
  await until(noted, (name) => name !== null);
  await ask(`${url}/jobs/${waits}/cancel`, { method: 'POST' });
  const file = join(cluster.service.data, 'by-hand.json');
  const spec = { suspend: true, corpus: { name: 'by-hand', ...corpus, reuse: false, retries: 0 } };
  const metadata = { name: 'by-hand', namespace: NAMESPACE };
  writeFileSync(file, JSON.stringify({ apiVersion: 'orestes.dev/v1alpha1', kind: 'TrainingJob', metadata, spec }));
  await kubectl('apply', '-f', file);
  const made = async () =>
    (await cluster.client.list(TRAINING_JOBS, { namespace: NAMESPACE })).items.find(
      ({ metadata: { name } }) => name === 'by-hand',
    );
  await until(made, (found) => found?.status?.suspendAsked === true && found.status.phase === 'suspended');
  const template = { spec: { restartPolicy: 'Never', containers: [{ name: 'other', image: 'other' }] } };
  const other = { metadata: { name: 'by-hand-1', namespace: NAMESPACE }, spec: { suspend: true, template } };
  await cluster.client.create(JOBS, other);
  await cluster.client.patch(TRAINING_JOBS, metadata, { merge: { spec: { suspend: false } } });
  const { items } = (await ask(`${url}/jobs?name=by-hand`)).body as JobList;
  expect((await ended(() => url, items[0]!.id)).message).toMatch(/^its Job can't be made: .*already exists/);
  await kubectl('delete', 'tj', 'by-hand', '--ignore-not-found', '--timeout=60s');
  const left = async () => (await cluster.client.list(TRAINING_JOBS, { namespace: NAMESPACE })).items;
  await until(left, ({ length }) => length === 0);
}
