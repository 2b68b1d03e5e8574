import { expect, it } from '@jest/globals';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeCluster, FIRST_BUILD_MS } from '@orestes/dev-cluster/testing';
import { TRAINING_JOBS } from '@orestes/kubernetes';
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
      const cluster = await startTestCluster({
        apiServer: {
          'audit-policy-file': policy,
          'audit-log-path': log,
          'audit-log-mode': 'blocking',
          'enable-admission-plugins': PLUGINS,
        },
        operator: { ttlSeconds: 1 },
      });
      try {
        await everythingOnce(cluster);
      } finally {
        await cluster.stop();
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

/** A job that ends; one of two hosts that loses its Job, and is cancelled; one that kubectl makes and deletes; and what ended is removed. */
async function everythingOnce(cluster: TestCluster): Promise<void> {
  const { url } = cluster.service;
  const { corpus } = examplePipeline();
  const submit = async (name: string, more: object = {}) => {
    const { body } = await ask(`${url}/jobs`, { body: { kind: 'corpus', name, ...corpus, reuse: false, ...more } });
    return (body as { id: string }).id;
  };
  const kubectl = (...args: string[]) => cluster.control.kubectl('-n', NAMESPACE, ...args);
  const first = await submit('one');
  expect((await ended(() => url, first)).state).toBe('succeeded');
  const pair = await submit('pair', { resources: { hosts: 2, cpus: 1000 } }); // no node has so many: it stays
  const attempts = (count: number) =>
    until(
      () => jobAt(url, pair),
      ({ state, attempts }) => state === 'admitted' && attempts.length === count,
    );
  await attempts(1);
  await kubectl('delete', 'jobs', '--selector', 'orestes.dev/attempt=1', '--field-selector', 'status.successful=0');
  await attempts(2);
  await ask(`${url}/jobs/${pair}/cancel`, { method: 'POST' });
  const file = join(cluster.service.data, 'by-hand.json');
  const spec = { suspend: true, corpus: { name: 'by-hand', ...corpus, reuse: false } };
  const metadata = { name: 'by-hand', namespace: NAMESPACE };
  writeFileSync(file, JSON.stringify({ apiVersion: 'orestes.dev/v1alpha1', kind: 'TrainingJob', metadata, spec }));
  await kubectl('apply', '-f', file);
  const object = async () =>
    (await cluster.client.list(TRAINING_JOBS, { namespace: NAMESPACE })).items.find(
      ({ metadata: { name } }) => name === 'by-hand',
    );
  await until(object, (found) => found?.status?.suspendAsked === true && found.status.phase === 'suspended');
  await kubectl('delete', 'tj', 'by-hand', '--timeout=60s');
  const left = async () => (await cluster.client.list(TRAINING_JOBS, { namespace: NAMESPACE })).items;
  await until(left, ({ length }) => length === 0);
}
