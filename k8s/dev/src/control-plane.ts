import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Answer, ApiClient } from './api.js';
import { etcdUrl, kwokUrl, launchOf, LOOPBACK, url, type Component, type Flags, type Place } from './components.js';
import { ClusterError, messageOf } from './errors.js';
import { addFakeNodes, type FakeNodes } from './fake-nodes.js';
import { writeIdentities, type Identities } from './identities.js';
import { dnsDaemon, dnsService } from './nodes/dns.js';
import { ClusterNetwork } from './nodes/network.js';
import { RealNode } from './nodes/real-node.js';
import { whyNoNodes } from './nodes/why-no-nodes.js';
import { Daemon, whyNoDaemons } from './process/daemon.js';
import { freePorts } from './process/ports.js';
import { runTool } from './process/run-tool.js';
import { temporaryFolder } from './process/temporary-folder.js';
import { CONTROL_PLANE, prepareBinaries, WITH_NODES } from './tools/binaries.js';
import { prepareClients, type Clients } from './tools/clients.js';

/** What can run beside etcd and kube-apiserver. */
export type Part = 'kube-controller-manager' | 'kube-scheduler' | 'kwok';
export const ALL_PARTS: readonly Part[] = ['kube-controller-manager', 'kube-scheduler', 'kwok'];

export interface ControlPlaneOptions {
  /**
   * Where its data goes, and stays when it is stopped: started there again it has the same objects and keys, on other ports.
   * Default: a temporary one, which goes with it.
   */
  folder?: string;
  /** Default: none. Without the controller manager there are no service accounts, and jobs make no pods. */
  parts?: readonly Part[];
  /** Real nodes beside it, on a network of the cluster's own; needs root. Default: none. */
  nodes?: RealNodes;
  /** Over what a component would be started with, by name without dashes; '' leaves a flag out. */
  flags?: Partial<Record<Component, Flags>>;
  /** true: etcd waits for the disk, as in production. Default false: faster, and a crash of the machine may lose data. */
  durable?: boolean;
  /** Told what is built or fetched, a line each. Default: standard error. */
  say?: (line: string) => void;
  /** Ends the start; nothing is left of it. */
  signal?: AbortSignal;
}

export interface RealNodes {
  /** Up to 9. */
  count: number;
  /** What their pods can run: an archive (prepareImages). */
  images: string;
}

const DEFAULT_ACCOUNT = '/api/v1/namespaces/default/serviceaccounts/default';
const POLL_MS = 25;
const SETTLED_MS = 60_000;

/**
 * Starts a Kubernetes on loopback addresses, building and fetching its programs first where they are not there yet. It ends
 * with `stop()`, or with this process in whatever way that ends.
 * @throws ClusterError TOOL_MISSING, BUILD_FAILED; NOT_STARTED with the last words of what did not start
 */
export async function startControlPlane(options: ControlPlaneOptions = {}): Promise<ControlPlane> {
  const { parts = [], flags = {}, durable = false, nodes, signal } = options;
  const say = options.say ?? ((line) => process.stderr.write(`${line}\n`));
  const reason = nodes ? whyNoNodes() : whyNoDaemons();
  if (reason !== null) throw new ClusterError('TOOL_MISSING', `no cluster can be run here: ${reason}`);
  const binaries = await prepareBinaries(say, nodes ? WITH_NODES : CONTROL_PLANE, signal);
  const clients = await prepareClients(say, signal);
  const temporary = options.folder === undefined ? await temporaryFolder('orestes-cluster-') : null;
  const folder = path.resolve(temporary?.folder ?? options.folder ?? '');
  let cluster: ControlPlane | null = null;
  let network: ClusterNetwork | null = null;
  try {
    await mkdir(path.join(folder, 'logs'), { recursive: true });
    network = nodes ? await ClusterNetwork.start(folder, signal) : null;
    const where = { host: network?.host ?? LOOPBACK, network: network?.namespace ?? null };
    const place: Place = { binaries, folder, durable, ...where, ports: await choosePorts() };
    const identities = await writeIdentities(place);
    cluster = new ControlPlane(place, parts, flags, identities, clients, async () => {
      await network?.stop();
      await temporary?.remove();
    });
    await cluster.start(signal);
    if (network && nodes) await cluster.startNodes(network, nodes, signal);
    return cluster;
  } catch (error) {
    if (cluster) await cluster.stop();
    else {
      await network?.stop();
      await temporary?.remove();
    }
    throw error;
  }
}

async function choosePorts(): Promise<Place['ports']> {
  const names = ['etcd', 'etcd-peer', 'kube-apiserver', ...ALL_PARTS] as const;
  const ports = await freePorts(names.length);
  return Object.fromEntries(names.map((name, i) => [name, ports[i]])) as Place['ports'];
}

export class ControlPlane {
  readonly etcd: Daemon;
  readonly apiServer: Daemon;
  /** All that it was started with, in the order of their starts. */
  readonly processes: readonly Daemon[];
  /** Real ones. */
  readonly nodes: RealNode[] = [];
  /** CoreDNS, where there are real nodes. */
  dns: Daemon | null = null;
  private readonly api: ApiClient;

  constructor(
    private readonly place: Place,
    private readonly parts: readonly Part[],
    flags: Partial<Record<Component, Flags>>,
    private readonly identities: Identities,
    private readonly clients: Clients,
    private readonly leave: () => Promise<void>,
  ) {
    this.api = identities.api;
    const daemon = (component: Component) =>
      new Daemon(launchOf(component, place, flags[component] ?? {}, () => this.isReady(component)));
    this.etcd = daemon('etcd');
    this.apiServer = daemon('kube-apiserver');
    const others = ALL_PARTS.filter((part) => parts.includes(part)).map(daemon);
    this.processes = [this.etcd, this.apiServer, ...others];
  }

  /** Data, logs and keys. */
  get folder(): string {
    return this.place.folder;
  }

  /** The API server's. */
  get url(): string {
    return url(this.place, 'kube-apiserver');
  }

  /** A file: an administrator's. */
  get kubeconfig(): string {
    return this.identities.kubeconfig;
  }

  /** Paths of kubectl and helm. */
  get tools(): Clients {
    return this.clients;
  }

  /** What each component wrote: files, by its name. */
  get logs(): Partial<Record<Component, string>> {
    return Object.fromEntries(this.processes.map(({ name, log }) => [name, log]));
  }

  /** One of the optional parts. @throws ClusterError NOT_STARTED when it was not asked for */
  part(name: Part): Daemon {
    const found = this.processes.find((daemon) => daemon.name === name);
    if (!found)
      throw new ClusterError('NOT_STARTED', `${name} is not one of parts: ${this.parts.join(', ') || 'none'}`);
    return found;
  }

  /** @returns a file: a kubeconfig with a client certificate for that user; what it may do, RBAC says */
  kubeconfigFor(user: string, groups: readonly string[] = []): Promise<string> {
    return this.identities.kubeconfigFor(user, groups);
  }

  /**
   * A request to the API server as an administrator.
   * @throws Error only when no answer comes; a refusal is an answer
   */
  request(method: string, path: string, body?: unknown, contentType?: string): Promise<Answer> {
    return this.api.send(method, path, body, contentType);
  }

  /**
   * Runs kubectl as an administrator. @returns its standard output
   * @throws ClusterError KUBECTL_FAILED with its standard error
   */
  kubectl(...args: string[]): Promise<string> {
    return this.runKubectl(args);
  }

  /** `kubectl apply` of objects, or of a manifest as text. */
  apply(manifest: string | readonly object[]): Promise<string> {
    const list = { apiVersion: 'v1', kind: 'List', items: manifest };
    const input = typeof manifest === 'string' ? manifest : JSON.stringify(list);
    return this.runKubectl(['apply', '--server-side', '-f', '-'], input);
  }

  /** Adds nodes that kwok simulates, and returns their names when all are ready. */
  addFakeNodes(count: number, nodes: FakeNodes = {}): Promise<string[]> {
    this.part('kwok');
    return addFakeNodes(this.api, count, nodes);
  }

  /** Leaves no process, no open port, and of a temporary folder no file. @throws ClusterError NOT_STOPPED */
  async stop(): Promise<void> {
    this.api.close();
    // Killed at once: what etcd acknowledged it has written, and the others keep nothing.
    const cuts = await Promise.allSettled(this.nodes.map((node) => node.cut()));
    await this.dns?.kill('SIGKILL');
    await Promise.all(this.processes.map((daemon) => daemon.kill('SIGKILL')));
    await this.leave();
    for (const cut of cuts) if (cut.status === 'rejected') throw cut.reason;
  }

  /** Called once, by startControlPlane. */
  async start(signal?: AbortSignal): Promise<void> {
    await this.etcd.start(signal);
    await this.apiServer.start(signal);
    await Promise.all(this.processes.slice(2).map((daemon) => daemon.start(signal)));
    if (this.parts.includes('kube-controller-manager')) await this.hasDefaultAccount(signal);
  }

  /** Called once, by startControlPlane. */
  async startNodes(network: ClusterNetwork, { count, images }: RealNodes, signal?: AbortSignal): Promise<void> {
    const { binaries, folder } = this.place;
    this.dns = await dnsDaemon(binaries, folder, network, this.kubeconfig);
    await this.dns.start(signal);
    await this.apply(dnsService(network));
    const proxy = await this.kubeconfigFor('system:kube-proxy');
    for (let index = 1; index <= count; index++) {
      const kubelet = await this.kubeconfigFor(`system:node:node-${index}`, ['system:nodes']);
      const { authority } = this.identities;
      const kubeconfigs = { kubelet, proxy };
      this.nodes.push(
        new RealNode({ binaries, folder, network, images, api: this.api, kubeconfigs, authority }, index),
      );
    }
    await Promise.all(this.nodes.map((node) => node.start(signal)));
  }

  private async isReady(component: Component): Promise<boolean> {
    if (component === 'kube-apiserver') return (await this.api.send('GET', '/readyz')).body === 'ok';
    if (component === 'etcd') return answers(`${etcdUrl(this.place)}/health`);
    if (component === 'kwok') return answers(`${kwokUrl(this.place)}/healthz`);
    return this.identities.answers(`${url(this.place, component)}/healthz`);
  }

  /** Before that, a pod is refused. */
  private async hasDefaultAccount(signal?: AbortSignal): Promise<void> {
    for (let waited = 0; (await this.api.send('GET', DEFAULT_ACCOUNT)).status !== 200; waited += POLL_MS) {
      if (waited > SETTLED_MS)
        throw new ClusterError('NOT_STARTED', 'the controller manager makes no service accounts');
      await sleep(POLL_MS, undefined, { signal });
    }
  }

  private async runKubectl(args: readonly string[], input?: string): Promise<string> {
    const all = ['--kubeconfig', this.kubeconfig, '--cache-dir', path.join(this.folder, 'kubectl'), ...args];
    try {
      return await runTool(this.clients.kubectl, all, input === undefined ? {} : { input });
    } catch (error) {
      throw new ClusterError('KUBECTL_FAILED', `kubectl ${args.join(' ')}: ${messageOf(error)}`, { cause: error });
    }
  }
}

/** A stopped process accepts a connection, and says nothing. */
const answers = async (address: string) => (await fetch(address, { signal: AbortSignal.timeout(2000) })).ok;
