import { expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { BlockList } from 'node:net';
import { fileURLToPath } from 'node:url';
import { describeCluster } from '@orestes/dev-cluster/testing';
import { commandsOf } from '../guides/commands.js';
import { readPage } from '../guides/repository.js';
import { rendered, VALUES, withFile, type Manifest } from './chart.js';

interface Selector {
  matchLabels?: Record<string, string>;
  matchExpressions?: { key: string; operator: string }[];
}
interface Peer {
  podSelector?: Selector;
  namespaceSelector?: Selector;
  ipBlock?: { cidr: string };
}
interface Policy {
  podSelector: Selector;
  policyTypes: string[];
  ingress?: { from: Peer[]; ports: { port: number }[] }[];
  egress?: { to: Peer[]; ports: { port: number }[] }[];
}

/** The label of pods of jobs, as the operator gives it. */
const JOB_LABEL = /trainingJob: '(.*)'/.exec(
  readFileSync(fileURLToPath(new URL('../../apps/operator/src/act/children.ts', import.meta.url)), 'utf8'),
)![1]!;

function nameOf({ matchLabels = {}, matchExpressions = [] }: Selector): string {
  if (matchExpressions.some(({ key, operator }) => key === JOB_LABEL && operator === 'Exists')) return 'worker';
  return matchLabels['app.kubernetes.io/component'] ?? matchLabels['k8s-app'] ?? 'all';
}
const peerOf = ({ podSelector, namespaceSelector, ipBlock }: Peer): string =>
  ipBlock?.cidr ??
  (podSelector ? nameOf(podSelector) : `namespace ${Object.values(namespaceSelector!.matchLabels!)[0]}`);

async function policiesOf(...values: string[]): Promise<Policy[]> {
  const policies = (await rendered(...values)).filter(({ kind }) => kind === 'NetworkPolicy');
  return (policies as (Manifest & { spec: Policy })[]).map(({ spec }) => spec);
}

/** Whether pods of a component may open a connection to an address outside the cluster. */
function reaches(policies: readonly Policy[], component: string, address: string, port: number): boolean {
  const own = policies.filter(({ podSelector }) => ['all', component].includes(nameOf(podSelector)));
  return own
    .flatMap(({ egress = [] }) => egress)
    .filter(({ ports }) => ports.some((each) => each.port === port))
    .some(({ to }) => to.some(({ ipBlock }) => ipBlock && inBlock(ipBlock.cidr, address)));
}
function inBlock(cidr: string, address: string): boolean {
  const [network, bits] = cidr.split('/');
  const list = new BlockList();
  list.addSubnet(network!, Number(bits));
  return list.check(address);
}

/** Who may begin to talk to whom: `from > to port`; ways out and ways in, names looked up left out. */
async function ways(...values: string[]): Promise<{ out: string[]; in: string[] }> {
  const found = { out: [] as string[], in: [] as string[] };
  for (const spec of await policiesOf(...values)) {
    expect(spec.policyTypes).toEqual(['Ingress', 'Egress']);
    const self = nameOf(spec.podSelector);
    if (self === 'all') continue;
    for (const { to, ports } of spec.egress ?? [])
      for (const peer of to) found.out.push(`${self} > ${peerOf(peer)} ${ports.map(({ port }) => port).join()}`);
    for (const { from, ports } of spec.ingress ?? [])
      for (const peer of from) found.in.push(`${peerOf(peer)} > ${self} ${ports.map(({ port }) => port).join()}`);
  }
  return { out: found.out.sort(), in: found.in.sort() };
}

const AMONG_PODS = [
  ...['api > postgresql 5432', 'api > store 7070', 'operator > api 7350', 'test > api 7350', 'worker > api 7350'],
  ...['worker > store 7070', 'worker > worker 8476'],
];

describeCluster("the chart's network policies", () => {
  it('let through what is needed, at both ends, and nothing else', async () => {
    const { out, in: into } = await ways(...withFile('values-kind.yaml'));
    expect(into).toEqual(AMONG_PODS);
    const apiserver = ['api > 0.0.0.0/0 443,6443,8443', 'operator > 0.0.0.0/0 443,6443,8443'];
    expect(out).toEqual([...AMONG_PODS, ...apiserver].sort());
  });

  it('lead to a database and a store of the user at the addresses that are given', async () => {
    const { out, in: into } = await ways(...withFile('values-dgx.yaml'));
    const elsewhere = out.filter((way) => /\d\/\d/.test(way));
    expect(elsewhere).toEqual([
      ...['api > 0.0.0.0/0 443,6443,8443', 'api > 10.0.0.0/8 443,9000', 'api > 10.0.0.0/8 5432'],
      ...['operator > 0.0.0.0/0 443,6443,8443', 'worker > 10.0.0.0/8 443,9000'],
    ]);
    expect(into).toContain('namespace monitoring > api 7350');
    expect(into).toContain('namespace monitoring > operator 7351');
  });

  it('deny all else to every pod of the namespace, and let names be looked up', async () => {
    const { spec } = (await rendered()).find(({ metadata }) => metadata.name === 'orestes-default') as Manifest & {
      spec: Policy;
    };
    expect(spec).toEqual({
      ...{ podSelector: {}, policyTypes: ['Ingress', 'Egress'] },
      egress: [
        {
          to: [
            {
              namespaceSelector: {},
              podSelector: {
                matchExpressions: [{ key: 'k8s-app', operator: 'In', values: ['kube-dns', 'node-local-dns'] }],
              },
            },
            { ipBlock: { cidr: '169.254.0.0/16' } },
          ],
          ports: [
            { protocol: 'UDP', port: 53 },
            { protocol: 'TCP', port: 53 },
          ],
        },
      ],
    });
  });

  it.each(['values.yaml', ...VALUES])(
    'let link-local caches answer names, and keep the metadata server shut: %s',
    async (file) => {
      const policies = await policiesOf(...withFile(file));
      for (const component of ['api', 'operator', 'worker', 'test']) {
        const open = ['169.254.20.10:53', '169.254.169.254:53', '169.254.169.254:80', '169.254.169.252:988'].filter(
          (door) => reaches(policies, component, door.split(':')[0]!, Number(door.split(':')[1])),
        );
        expect([component, open]).toEqual([component, ['169.254.20.10:53', '169.254.169.254:53']]);
      }
    },
  );

  it("let through to the database and the store of the guide's Secrets", async () => {
    const commands = commandsOf(readPage('docs/guides/cluster.md')).map(({ text }) => text);
    const install = commands.find((text) => /^helm install .*values-dgx\.yaml/.test(text))!;
    const policies = await policiesOf(...install.split(' -n orestes ')[1]!.split(' '));
    const secrets = commands.filter((text) => text.includes('create secret generic')).join('\n');
    const addressIn = (pattern: RegExp) => pattern.exec(secrets)!.slice(1) as [string, string];
    const [database, databasePort] = addressIn(/url='postgres:\/\/\S+@([^:]+):(\d+)\//);
    const [store, storePort] = addressIn(/AWS_ENDPOINT_URL=https?:\/\/([^:]+):(\d+)/);
    expect(reaches(policies, 'api', database, Number(databasePort))).toBe(true);
    for (const component of ['api', 'worker'])
      expect([component, reaches(policies, component, store, Number(storePort))]).toEqual([component, true]);
  });

  it('are none where they are not wanted', async () => {
    expect(await ways('--set', 'networkPolicy.enabled=false')).toEqual({ out: [], in: [] });
  });
});
