import { expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describeCluster } from '@orestes/dev-cluster/testing';
import { rendered, withFile, type Manifest } from './chart.js';

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

/** Who may begin to talk to whom: `from > to port`; ways out and ways in, names looked up left out. */
async function ways(...values: string[]): Promise<{ out: string[]; in: string[] }> {
  const policies = (await rendered(...values)).filter(({ kind }) => kind === 'NetworkPolicy');
  const found = { out: [] as string[], in: [] as string[] };
  for (const { spec } of policies as (Manifest & { spec: Policy })[]) {
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
    const apiserver = ['api > 0.0.0.0/0 443,6443', 'operator > 0.0.0.0/0 443,6443'];
    expect(out).toEqual([...AMONG_PODS, ...apiserver].sort());
  });

  it('lead to a database and a store of the user at the addresses that are given', async () => {
    const { out, in: into } = await ways(...withFile('values-dgx.yaml'));
    const elsewhere = out.filter((way) => /\d\/\d/.test(way));
    expect(elsewhere).toEqual([
      ...['api > 0.0.0.0/0 443,6443', 'api > 10.0.0.0/8 443,9000', 'api > 10.0.0.0/8 5432'],
      ...['operator > 0.0.0.0/0 443,6443', 'worker > 10.0.0.0/8 443,9000'],
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
          to: [{ namespaceSelector: {}, podSelector: { matchLabels: { 'k8s-app': 'kube-dns' } } }],
          ports: [
            { protocol: 'UDP', port: 53 },
            { protocol: 'TCP', port: 53 },
          ],
        },
      ],
    });
  });

  it('are none where they are not wanted', async () => {
    expect(await ways('--set', 'networkPolicy.enabled=false')).toEqual({ out: [], in: [] });
  });
});
