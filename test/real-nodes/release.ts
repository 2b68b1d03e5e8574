import { readFileSync } from 'node:fs';
import type { JobDocument } from '@orestes/contracts';
import { ALL_PARTS, prepareImages, startControlPlane, type ControlPlane } from '@orestes/dev-cluster';
import { openStore } from '@orestes/storage';
import { CHART, helm, withFile } from '../chart/chart.js';
import { ask, examplePipeline } from '../support/service.js';
import { forward, type Forward } from './forward.js';

export const NAMESPACE = 'orestes';
const DATA = 's3://orestes/data';
const TEXTS = ['village.txt', 'train.tsv', 'validation.tsv'];
/** A node that is silent for this long is lost (Kubernetes' default: 40 s). */
const NODE_GRACE = '16s';
const GRACE_SECONDS = 20;
const say = (line: string) => process.stderr.write(`${line}\n`);

/** What values-kind.yaml leaves to one replica is to outlive a node here. */
const VALUES = {
  'api.allow': [DATA],
  'api.replicas': 2,
  'workers.graceSeconds': GRACE_SECONDS,
  'operator.replicas': 2,
};

/** The chart on real nodes, installed as docs/guides/cluster.md says. */
export class Release {
  private api: Forward | null = null;
  private store: Forward | null = null;

  private constructor(readonly cluster: ControlPlane) {}

  /** Nodes, images, a namespace that admits restricted pods alone; nothing is installed yet. */
  static async start(nodes: number): Promise<Release> {
    const images = await prepareImages(say);
    const flags = { 'kube-controller-manager': { 'node-monitor-grace-period': NODE_GRACE } };
    const cluster = await startControlPlane({ parts: ALL_PARTS, nodes: { count: nodes, images }, flags });
    await cluster.nodes[0]!.addVolumes(2); // the database's and the store's
    const labels = { 'pod-security.kubernetes.io/enforce': 'restricted' };
    await cluster.apply([{ apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE, labels } }]);
    return new Release(cluster);
  }

  get url(): string {
    return this.api!.url;
  }

  kubectl(...args: string[]): Promise<string> {
    return this.cluster.kubectl('--namespace', NAMESPACE, ...args);
  }

  /** @returns what helm says @throws Error with what it says on standard error, and what the pods are at */
  async helm(command: string, ...more: string[]): Promise<string> {
    try {
      return await helm(command, 'orestes', ...more, '--kubeconfig', this.cluster.kubeconfig, '--namespace', NAMESPACE);
    } catch (error) {
      throw new Error(`${(error as { stderr?: string }).stderr}\n${await this.look()}`, { cause: error });
    }
  }

  /** @param more arguments of helm */
  install(command: 'install' | 'upgrade', ...more: string[]): Promise<string> {
    const own = Object.entries(VALUES).flatMap(([name, value]) => ['--set-json', `${name}=${JSON.stringify(value)}`]);
    return this.helm(
      command,
      CHART,
      ...withFile('values-kind.yaml'),
      '--values',
      'k8s/dev/values.yaml',
      ...own,
      '--wait',
      '--timeout',
      '5m',
      ...more,
    );
  }

  /** Doors to API and store, and the key in this process' environment, where command line and store look for theirs. */
  async open(): Promise<void> {
    const args = ['--kubeconfig', this.cluster.kubeconfig, '--namespace', NAMESPACE];
    const door = (service: string, port: number) => forward(this.cluster.tools.kubectl, args, service, port);
    this.api = await door('orestes-api', 7350);
    this.store = await door('orestes-store', 7070);
    process.env['ORESTES_API_KEY'] = await this.secret('orestes-first-key', 'key');
    for (const name of ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_REGION'])
      process.env[name] = await this.secret('orestes-store', name);
    process.env['AWS_ENDPOINT_URL'] = this.store.url;
    for (const text of TEXTS) await openStore(DATA).put(text, readFileSync(`examples/data/${text}`));
  }

  /** A pipeline on the example's text, in the cluster's store, that fits on these nodes. */
  pipeline(setting: Parameters<typeof examplePipeline>[0]): object {
    const text = JSON.stringify(examplePipeline(setting)).replaceAll('examples/data/', `${DATA}/`);
    return {
      ...(JSON.parse(text) as object),
      resources: { cpus: 0.5, memoryGiB: 2, sharedMemoryGiB: 0.25 },
      reuse: false,
    };
  }

  async submit(body: object): Promise<string> {
    const answer = await ask(`${this.url}/jobs`, { body });
    if (answer.status !== 202) throw new Error(`POST /jobs: ${answer.status} ${JSON.stringify(answer.body)}`);
    return (answer.body as JobDocument).id;
  }

  /** What a person would look at when something is stuck. */
  async look(): Promise<string> {
    const said = [
      ['get', 'pods,jobs,tj', '-o', 'wide'],
      ['get', 'events', '--sort-by=.lastTimestamp'],
    ].map((args) => this.kubectl(...args).catch(String));
    return (await Promise.all(said)).join('\n');
  }

  async stop(): Promise<void> {
    await this.api?.stop();
    await this.store?.stop();
    await this.cluster.stop();
  }

  private async secret(name: string, key: string): Promise<string> {
    const value = await this.kubectl('get', 'secret', name, '-o', `jsonpath={.data.${key}}`);
    return Buffer.from(value, 'base64').toString();
  }
}
