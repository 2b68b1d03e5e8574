import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { SIMULATED_NODE } from './annotations.js';
import type { Launch } from './process/daemon.js';
import { kwokConfiguration } from './stages.js';

export type Component = 'etcd' | 'kube-apiserver' | 'kube-controller-manager' | 'kube-scheduler' | 'kwok';

/** Command-line flags by their names, without the dashes. */
export type Flags = Readonly<Record<string, string>>;

export interface Place {
  /** Of the programs. */
  binaries: string;
  /** The cluster's own, absolute. */
  folder: string;
  /** false: etcd leaves the disk to the kernel; a crash of the machine, not of a process, loses data. */
  durable: boolean;
  /** Where the components listen. */
  host: string;
  /** In which they run, where there are real nodes (a file, for nsenter --net); null: this machine's own, on loopback. */
  network: string | null;
  ports: Record<Component | 'etcd-peer', number>;
}

export const LOOPBACK = '127.0.0.1';
const SERVICES = '10.96.0.0/16';
export const CLUSTER_DNS = '10.96.0.10';
export const CLUSTER_DOMAIN = 'cluster.local';
const ISSUER = 'https://kubernetes.default.svc.cluster.local';
/** Of pods on simulated nodes; nothing listens there. */
const SIMULATED_PODS = '10.0.0.1/16';

export const SERVER_HOSTS = [
  ...[LOOPBACK, 'localhost', '10.96.0.1'], // the last: the Service "kubernetes"
  ...['kubernetes', 'kubernetes.default', 'kubernetes.default.svc', 'kubernetes.default.svc.cluster.local'],
];

export const url = (place: Place, component: Component): string => `https://${place.host}:${place.ports[component]}`;
export const etcdUrl = ({ host, ports }: Place): string => `http://${host}:${ports.etcd}`;
export const kwokUrl = ({ host, ports }: Place): string => `http://${host}:${ports.kwok}`;

const files = ({ folder }: Place) => ({
  pki: (name: string) => path.join(folder, 'pki', name),
  kubeconfig: (name: string) => path.join(folder, `${name}.kubeconfig`),
});

const serving = (place: Place, component: Component): Flags => ({
  'bind-address': place.host,
  'secure-port': String(place.ports[component]),
  'tls-cert-file': files(place).pki('server.crt'),
  'tls-private-key-file': files(place).pki('server.key'),
});

const asClient = (place: Place, component: Component): Flags => {
  const kubeconfig = files(place).kubeconfig(component);
  return { 'authentication-kubeconfig': kubeconfig, 'authorization-kubeconfig': kubeconfig };
};

/** The API server refuses to publish a loopback address as an endpoint. */
const WITHOUT_NODES: Flags = { 'endpoint-reconciler-type': 'none' };

/** For logs, exec and port-forward. */
const kubeletClient = (pki: (name: string) => string): Flags => ({
  'kubelet-client-certificate': pki('kubelet-client.crt'),
  'kubelet-client-key': pki('kubelet-client.key'),
  'kubelet-preferred-address-types': 'InternalIP',
});

/** One function a component: the flags that it gets if the caller says nothing else. */
const FLAGS = {
  etcd: (place): Flags => {
    const peer = `http://${place.host}:${place.ports['etcd-peer']}`;
    return {
      name: 'orestes',
      'data-dir': path.join(place.folder, 'etcd'),
      'listen-client-urls': etcdUrl(place),
      'advertise-client-urls': etcdUrl(place),
      'listen-peer-urls': peer,
      'initial-advertise-peer-urls': peer,
      'initial-cluster': `orestes=${peer}`,
      'quota-backend-bytes': String(4 * 2 ** 30),
      'log-level': 'warn',
      ...(place.durable ? {} : { 'unsafe-no-fsync': 'true' }),
    };
  },
  'kube-apiserver': (place): Flags => {
    const { pki } = files(place);
    return {
      ...serving(place, 'kube-apiserver'),
      'etcd-servers': etcdUrl(place),
      'advertise-address': place.host,
      ...(place.network === null ? WITHOUT_NODES : kubeletClient(pki)),
      'client-ca-file': pki('ca.crt'),
      'authorization-mode': 'Node,RBAC',
      'enable-admission-plugins': 'NodeRestriction',
      'service-account-issuer': ISSUER,
      'service-account-key-file': pki('service-accounts.key'),
      'service-account-signing-key-file': pki('service-accounts.key'),
      'service-cluster-ip-range': SERVICES,
      'allow-privileged': 'true',
      'event-ttl': '15m',
    };
  },
  'kube-controller-manager': (place): Flags => ({
    ...serving(place, 'kube-controller-manager'),
    ...asClient(place, 'kube-controller-manager'),
    kubeconfig: files(place).kubeconfig('kube-controller-manager'),
    'leader-elect': 'false',
    'use-service-account-credentials': 'true',
    'service-account-private-key-file': files(place).pki('service-accounts.key'),
    'root-ca-file': files(place).pki('ca.crt'),
    'cluster-signing-cert-file': files(place).pki('ca.crt'),
    'cluster-signing-key-file': files(place).pki('ca.key'),
    'service-cluster-ip-range': SERVICES,
    'kube-api-qps': '500', // the defaults (20) make a benchmark of its own rate limit
    'kube-api-burst': '500',
    'concurrent-job-syncs': '20',
  }),
  'kube-scheduler': (place): Flags => ({
    ...serving(place, 'kube-scheduler'),
    ...asClient(place, 'kube-scheduler'),
    config: writeConfig(place, 'kube-scheduler.yaml', schedulerConfiguration(place)),
  }),
  kwok: (place): Flags => {
    const [[annotation, value]] = Object.entries(SIMULATED_NODE) as [[string, string]];
    return {
      kubeconfig: files(place).kubeconfig('kwok'),
      config: writeConfig(place, 'kwok.yaml', kwokConfiguration()),
      'manage-all-nodes': 'false',
      'manage-nodes-with-annotation-selector': `${annotation}=${value}`,
      cidr: SIMULATED_PODS,
      'node-ip': place.host,
      'server-address': `${place.host}:${place.ports.kwok}`,
    };
  },
} satisfies Record<Component, (place: Place) => Flags>;

/** How a component is started. `flags` go over what it would get; an empty value stands for a flag that is left out. */
export function launchOf(component: Component, place: Place, flags: Flags, isReady: Launch['isReady']): Launch {
  const all = Object.entries({ ...FLAGS[component](place), ...flags });
  const args = all.filter(([, value]) => value !== '').map(([name, value]) => `--${name}=${value}`);
  const program = path.join(place.binaries, component);
  return {
    name: component,
    ...(place.network === null
      ? { program, args }
      : { program: 'nsenter', args: [`--net=${place.network}`, program, ...args] }),
    log: path.join(place.folder, 'logs', `${component}.log`),
    isReady,
  };
}

function schedulerConfiguration(place: Place): string {
  return JSON.stringify({
    apiVersion: 'kubescheduler.config.k8s.io/v1',
    kind: 'KubeSchedulerConfiguration',
    leaderElection: { leaderElect: false },
    clientConnection: { kubeconfig: files(place).kubeconfig('kube-scheduler'), qps: 1000, burst: 1000 },
  });
}

function writeConfig({ folder }: Place, name: string, text: string): string {
  const file = path.join(folder, name);
  writeFileSync(file, text);
  return file;
}
