import { readdirSync, readFileSync, rmdirSync, statSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { ApiClient } from '../api.js';
import { CLUSTER_DNS, CLUSTER_DOMAIN } from '../components.js';
import { ClusterError, isCode } from '../errors.js';
import { Daemon } from '../process/daemon.js';
import { alive, identityOf } from '../process/identity.js';
import { PAUSE_IMAGE } from '../images/names.js';
import { PODS, podsOf, type ClusterNetwork } from './network.js';

/** It imports the images first: a minute on a quiet machine, and several nodes do so at once. */
const IMPORT_MS = 300_000;
const SCRIPT = fileURLToPath(new URL('../../nodes/node.sh', import.meta.url));
const CNI_PLUGINS = '/usr/lib/cni';
const CONTROL_GROUPS = '/sys/fs/cgroup';
const GONE_MS = 10_000;

export interface NodePlace {
  /** Of kubelet and kube-proxy. */
  binaries: string;
  /** The cluster's. */
  folder: string;
  network: ClusterNetwork;
  /** An archive, as `ctr images import` takes it. */
  images: string;
  api: ApiClient;
  /** Files. */
  kubeconfigs: { kubelet: string; proxy: string };
  authority: string;
}

/** A node with a real containerd, kubelet and kube-proxy: a network, mounts and processes of its own, on this machine. */
export class RealNode {
  readonly name: string;
  private readonly daemon: Daemon;
  private readonly folder: string;
  private readonly controlGroup: string;
  private startedAt = 0;

  constructor(
    private readonly place: NodePlace,
    private readonly index: number,
  ) {
    this.name = `node-${index}`;
    this.folder = path.join(place.folder, this.name);
    this.controlGroup = `orestes-${process.pid}-${index}`;
    this.daemon = new Daemon({
      name: this.name,
      program: 'nsenter',
      args: [`--net=${place.network.namespace}`, 'sh', SCRIPT, this.folder],
      log: path.join(place.folder, 'logs', `${this.name}.log`),
      isReady: () => this.isReady(),
      readyMs: IMPORT_MS,
    });
  }

  /** Of the process with which the node ends. @throws ClusterError NOT_STARTED when it does not run */
  get pid(): number {
    return this.daemon.pid;
  }

  /** What its programs wrote: a file. */
  get log(): string {
    return this.daemon.log;
  }

  /** Returns when the node is ready for pods. @throws ClusterError NOT_STARTED with its last words */
  async start(signal?: AbortSignal): Promise<void> {
    removeLeftGroups();
    await this.configure();
    this.startedAt = Math.floor(Date.now() / 1000) * 1000; // Kubernetes' times have whole seconds
    await this.daemon.start(signal);
  }

  /**
   * As when a machine loses its power: all its processes and pods are gone at once, and nobody is told.
   * @throws ClusterError NOT_STOPPED where something still runs after a while
   */
  async cut(): Promise<void> {
    const first = this.daemon.running ? firstProcessOf(this.daemon.pid) : null;
    await this.daemon.kill('SIGKILL');
    const isGone = () => (first === null || alive(first) === null) && removeGroups(this.controlGroup);
    for (const deadline = Date.now() + GONE_MS; !isGone(); await sleep(50))
      if (Date.now() > deadline)
        throw new ClusterError(
          'NOT_STOPPED',
          `${this.name}: something still runs ${GONE_MS / 1000} s after it was killed`,
        );
  }

  /** Local volumes on this node that claims without a storage class may have; those that are there stay. */
  async addVolumes(count: number): Promise<void> {
    const selector = { key: 'kubernetes.io/hostname', operator: 'In', values: [this.name] };
    for (let index = 1; index <= count; index++) {
      const name = `${this.name}-volume-${index}`;
      const folder = path.join(this.folder, 'volumes', name);
      await mkdir(folder, { recursive: true });
      const volume = {
        apiVersion: 'v1',
        kind: 'PersistentVolume',
        metadata: { name },
        spec: {
          capacity: { storage: '100Gi' },
          accessModes: ['ReadWriteOnce'],
          persistentVolumeReclaimPolicy: 'Retain',
          local: { path: folder },
          nodeAffinity: { required: { nodeSelectorTerms: [{ matchExpressions: [selector] }] } },
        },
      };
      const { status, body } = await this.place.api.send('POST', '/api/v1/persistentvolumes', volume);
      if (status !== 201 && status !== 409)
        throw new ClusterError('REFUSED', `volume ${name}: answered ${status}: ${JSON.stringify(body)}`);
    }
  }

  private async isReady(): Promise<boolean> {
    const { body } = await this.place.api.send('GET', `/api/v1/nodes/${this.name}`);
    const { status } = body as {
      status?: { conditions?: { type: string; status: string; lastHeartbeatTime: string }[] };
    };
    const ready = status?.conditions?.find(({ type }) => type === 'Ready');
    return ready?.status === 'True' && Date.parse(ready.lastHeartbeatTime) >= this.startedAt;
  }

  private async configure(): Promise<void> {
    const { binaries, network, images, kubeconfigs } = this.place;
    await mkdir(path.join(this.folder, 'cni'), { recursive: true });
    const variables = {
      NAME: this.name,
      ADDRESS: network.addressOf(this.index),
      GATEWAY: network.host,
      CONTROL_NETWORK: network.namespace,
      CONTROL_GROUP: this.controlGroup,
      BINARIES: binaries,
      IMAGES: images,
      KUBELET_KUBECONFIG: kubeconfigs.kubelet,
    };
    const lines = Object.entries(variables).map(([name, value]) => `${name}='${value.replaceAll("'", `'\\''`)}'\n`);
    const write = (name: string, text: string) => writeFile(path.join(this.folder, name), text);
    await write('node.env', lines.join(''));
    await write('resolv.conf', `nameserver ${network.host}\n`);
    await write('containerd.toml', this.containerd());
    await write('kubelet.json', JSON.stringify(this.kubelet()));
    await write('kube-proxy.json', JSON.stringify(proxy(kubeconfigs.proxy)));
    await write('cni/10-bridge.conflist', JSON.stringify(this.podNetwork()));
  }

  private containerd(): string {
    const at = (name: string) => JSON.stringify(path.join(this.folder, name));
    return `version = 2
root = ${at('containerd')}
state = "/run/orestes-containerd"
oom_score = 0
[grpc]
  address = ${at('containerd.sock')}
[plugins."io.containerd.grpc.v1.cri"]
  # Where root may not raise a process's importance (CAP_SYS_RESOURCE), no pod would start without.
  restrict_oom_score_adj = true
  sandbox_image = "${PAUSE_IMAGE}"
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "overlayfs"
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
      SystemdCgroup = false
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "${CNI_PLUGINS}"
    conf_dir = ${at('cni')}
`;
  }

  private kubelet(): object {
    const { network, authority } = this.place;
    return {
      apiVersion: 'kubelet.config.k8s.io/v1beta1',
      kind: 'KubeletConfiguration',
      address: network.addressOf(this.index),
      authentication: { anonymous: { enabled: false }, webhook: { enabled: true }, x509: { clientCAFile: authority } },
      authorization: { mode: 'Webhook' },
      cgroupDriver: 'cgroupfs',
      cgroupRoot: `/${this.controlGroup}`,
      failCgroupV1: false,
      failSwapOn: false,
      oomScoreAdj: 0,
      enforceNodeAllocatable: [],
      containerRuntimeEndpoint: `unix://${path.join(this.folder, 'containerd.sock')}`,
      clusterDNS: [CLUSTER_DNS],
      clusterDomain: CLUSTER_DOMAIN,
      resolvConf: path.join(this.folder, 'resolv.conf'),
      // The disk and the images are this machine's: nothing is cleared away to make room.
      evictionHard: { 'memory.available': '100Mi' },
      imageGCHighThresholdPercent: 100,
      imageGCLowThresholdPercent: 99,
      nodeStatusUpdateFrequency: '5s',
      readOnlyPort: 0,
      rotateCertificates: false,
    };
  }

  private podNetwork(): object {
    const dataDir = path.join(this.folder, 'addresses');
    const ranges = [[{ subnet: podsOf(this.index) }]];
    const ipam = { type: 'host-local', ranges, routes: [{ dst: '0.0.0.0/0' }], dataDir };
    return {
      cniVersion: '0.4.0',
      name: 'pods',
      plugins: [{ type: 'bridge', bridge: 'pods', isGateway: true, hairpinMode: true, ipam }],
    };
  }
}

function proxy(kubeconfig: string): object {
  return {
    apiVersion: 'kubeproxy.config.k8s.io/v1alpha1',
    kind: 'KubeProxyConfiguration',
    mode: 'iptables',
    clusterCIDR: PODS,
    clientConnection: { kubeconfig },
    // These would be the whole machine's.
    conntrack: { maxPerCore: 0, min: 0, tcpEstablishedTimeout: '0s', tcpCloseWaitTimeout: '0s' },
  };
}

/** The first process in the process namespace of the one that made it: it ends last of all there. */
function firstProcessOf(maker: number): string | null {
  try {
    const [child] = readFileSync(`/proc/${maker}/task/${maker}/children`, 'utf8').split(' ');
    return child ? identityOf(Number(child)) : null;
  } catch {
    return null; // it has just ended
  }
}

/**
 * Removes control groups that no process is in any more, from the innermost.
 * @returns whether none is left
 */
function removeGroups(name: string): boolean {
  const hierarchies = readdirSync(CONTROL_GROUPS).map((entry) => path.join(CONTROL_GROUPS, entry, name));
  return [path.join(CONTROL_GROUPS, name), ...hierarchies].map(removeTree).every(Boolean);
}

/** Of clusters whose processes were all killed. */
function removeLeftGroups(): void {
  const hierarchies = [CONTROL_GROUPS, ...readdirSync(CONTROL_GROUPS).map((entry) => path.join(CONTROL_GROUPS, entry))];
  const names = hierarchies
    .filter((each) => statSync(each, { throwIfNoEntry: false })?.isDirectory())
    .flatMap((each) => readdirSync(each));
  for (const name of new Set(names)) {
    const [, maker] = /^orestes-(\d+)-\d+$/.exec(name) ?? [];
    if (maker && identityOf(Number(maker)) === null) removeGroups(name);
  }
}

function removeTree(folder: string): boolean {
  try {
    if (!statSync(folder).isDirectory()) return true;
    const inner = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory());
    const all = inner.map(({ name }) => removeTree(path.join(folder, name)));
    rmdirSync(folder);
    return all.every(Boolean);
  } catch (error) {
    return isCode(error, 'ENOENT') || isCode(error, 'ENOTDIR');
  }
}
