import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { CLUSTER_DNS, CLUSTER_DOMAIN } from '../components.js';
import { Daemon } from '../process/daemon.js';
import type { ClusterNetwork } from './network.js';

const READY_PORT = 8181;

/** Names of Services and pods, by CoreDNS beside the control plane. */
export async function dnsDaemon(
  binaries: string,
  folder: string,
  { host, namespace }: ClusterNetwork,
  kubeconfig: string,
): Promise<Daemon> {
  const file = path.join(folder, 'Corefile');
  await writeFile(
    file,
    `.:53 {
  errors
  ready ${host}:${READY_PORT}
  kubernetes ${CLUSTER_DOMAIN} in-addr.arpa {
    kubeconfig ${kubeconfig}
    pods insecure
    ttl 1
  }
  cache {
    success 1000 1
    denial 1000 1
  }
}
`,
  );
  return new Daemon({
    name: 'coredns',
    program: 'nsenter',
    args: [`--net=${namespace}`, path.join(binaries, 'coredns'), '-conf', file],
    log: path.join(folder, 'logs', 'coredns.log'),
    isReady: async () => (await fetch(`http://${host}:${READY_PORT}/ready`)).ok,
  });
}

/** By which pods find it. */
export function dnsService({ host }: ClusterNetwork): object[] {
  const metadata = { name: 'kube-dns', namespace: 'kube-system' };
  const ports = [
    { name: 'dns', port: 53, protocol: 'UDP' },
    { name: 'dns-tcp', port: 53, protocol: 'TCP' },
  ];
  return [
    { apiVersion: 'v1', kind: 'Service', metadata, spec: { clusterIP: CLUSTER_DNS, ports } },
    {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { ...metadata, labels: { 'kubernetes.io/service-name': metadata.name } },
      addressType: 'IPv4',
      endpoints: [{ addresses: [host], conditions: { ready: true } }],
      ports,
    },
  ];
}
