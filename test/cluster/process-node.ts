import { spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ControlPlane } from '@orestes/dev-cluster';
import {
  hasReason,
  Informer,
  keyOf,
  NODES,
  PODS,
  type KubernetesClient,
  type Pod,
  type Stored,
} from '@orestes/kubernetes';

const GRACE_MS = 30_000;

/**
 * A node whose kubelet is this test: pods that the scheduler binds to it run as processes of this machine, the real worker with
 * the pod's own environment and a token that the apiserver made for that pod. What a container would be, an image and a
 * sandbox, is left out.
 */
export class ProcessNode {
  private readonly pods: Informer<Pod>;
  private readonly begun = new Set<string>();
  private readonly processes = new Map<string, ChildProcess>();
  private readonly folder = mkdtempSync(join(tmpdir(), 'orestes-node-'));
  private readonly failures: unknown[] = [];
  private beat: NodeJS.Timeout | null = null;
  private stopped = false;

  constructor(
    private readonly cluster: ControlPlane,
    private readonly client: KubernetesClient,
    private readonly namespace: string,
    readonly name = 'process-node',
  ) {
    this.pods = new Informer(client, PODS, { namespace, fieldSelector: `spec.nodeName=${name}` });
  }

  async start(): Promise<void> {
    const { name } = this;
    await this.client.apply(NODES, { metadata: { name, labels: { 'kubernetes.io/hostname': name } } });
    await this.ready();
    this.beat = setInterval(() => void this.ready().catch((error: unknown) => this.failures.push(error)), 5000);
    this.pods.start();
    this.pods.subscribe(({ new: pod, old }) => {
      const act = pod ? this.sync(pod) : this.gone(old!);
      act.catch((error: unknown) => this.failures.push(error));
    });
  }

  /** Of a pod's worker. */
  process(pod: string): ChildProcess | undefined {
    return this.processes.get(pod);
  }

  get running(): string[] {
    return [...this.processes]
      .filter(([, { exitCode, signalCode }]) => exitCode === null && signalCode === null)
      .map(([pod]) => pod);
  }

  /** From now on a pod's worker runs on whatever becomes of the pod, as on a node that nobody reaches. */
  abandon(pod: string): ChildProcess {
    const child = this.processes.get(pod)!;
    this.processes.delete(pod);
    child.removeAllListeners('exit');
    return child;
  }

  async stop(): Promise<void> {
    this.stopped = true;
    if (this.beat) clearInterval(this.beat);
    await this.pods.stop();
    for (const child of this.processes.values()) child.kill('SIGKILL');
    rmSync(this.folder, { recursive: true, force: true });
  }

  private ready(): Promise<unknown> {
    const capacity = { cpu: '64', memory: '256Gi', pods: '100', 'nvidia.com/gpu': '8' };
    const now = new Date().toISOString();
    const ready = { type: 'Ready', status: 'True', reason: 'Ready', lastHeartbeatTime: now, lastTransitionTime: now };
    const status = { capacity, allocatable: capacity, conditions: [ready] };
    return this.client.applyStatus(NODES, { metadata: { name: this.name }, status }, { force: true });
  }

  private async sync(pod: Stored<Pod>): Promise<void> {
    const { name, uid, deletionTimestamp } = pod.metadata;
    if (deletionTimestamp !== undefined) return this.end(pod);
    if (this.begun.has(name)) return;
    this.begun.add(name);
    const container = pod.spec!.containers[0]!;
    const own = join(this.folder, name);
    mkdirSync(own, { recursive: true });
    const child = spawn(process.execPath, [createRequire(import.meta.url).resolve('@orestes/worker/main')], {
      env: {
        ...{ PATH: process.env['PATH'], HOME: process.env['HOME'], ORESTES_CACHE: process.env['ORESTES_CACHE'] },
        ...Object.fromEntries(
          (container.env ?? []).filter(({ name }) => name !== 'ORESTES_CACHE').map(({ name, value }) => [name, value]),
        ),
        ORESTES_TOKEN_FILE: await this.token(name, uid, own),
        TMPDIR: own,
      },
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    this.processes.set(name, child);
    await this.report(pod, { phase: 'Running' });
    child.once('exit', (code, signal) => {
      const exitCode = code ?? (signal === 'SIGKILL' ? 137 : 143);
      const state = { terminated: { exitCode, reason: exitCode === 0 ? 'Completed' : 'Error' } };
      const phase = exitCode === 0 ? 'Succeeded' : 'Failed';
      this.report(pod, { phase, containerStatuses: [{ ...STATUS, state }] })
        .then(() => this.remove(pod))
        .catch((error: unknown) => this.failures.push(error));
    });
  }

  /** What the kubelet projects into a pod. */
  private async token(name: string, uid: string, folder: string): Promise<string> {
    const path = `/api/v1/namespaces/${this.namespace}/serviceaccounts/orestes-worker/token`;
    const boundObjectRef = { apiVersion: 'v1', kind: 'Pod', name, uid };
    const spec = { audiences: ['orestes-api'], expirationSeconds: 3600, boundObjectRef };
    const review = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec };
    const { body } = await this.steadily(async () => {
      const answer = await this.cluster.request('POST', path, review);
      if (answer.status >= 400 && answer.status !== 404) throw new Error(`${path}: answered ${answer.status}`);
      return answer;
    });
    const file = join(folder, 'token');
    writeFileSync(file, (body as { status: { token: string } }).status.token, { mode: 0o600 });
    return file;
  }

  private async report({ metadata: { name } }: Stored<Pod>, status: object): Promise<void> {
    const host = { hostIP: '127.0.0.1', podIP: '127.0.0.1', message: hostname() };
    await this.steadily(() =>
      this.client.patch(
        PODS,
        { namespace: this.namespace, name },
        { merge: { status: { ...host, ...status } } },
        { subresource: 'status' },
      ),
    );
  }

  /** Again until the apiserver has answered: it may be away for a while. */
  private async steadily<T>(act: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await act();
      } catch (error) {
        if (this.stopped || hasReason(error, 'NotFound', 'Conflict')) throw error;
        await sleep(200);
      }
    }
  }

  /** SIGTERM, and after the pod's grace SIGKILL. */
  private async end(pod: Stored<Pod>): Promise<void> {
    const child = this.processes.get(pod.metadata.name);
    if (!child && !this.begun.has(pod.metadata.name)) {
      // It is to end before it has begun: its Job counts it when it has failed, as with a kubelet.
      this.begun.add(pod.metadata.name);
      await this.report(pod, { phase: 'Failed' });
    }
    if (!child || child.exitCode !== null || child.signalCode !== null) return this.remove(pod);
    child.kill('SIGTERM');
    const grace = 1000 * (pod.metadata.deletionGracePeriodSeconds ?? GRACE_MS / 1000);
    setTimeout(() => child.kill('SIGKILL'), grace).unref();
  }

  /** A pod that is being deleted goes when its processes have ended, as soon as its Job has counted it. */
  private async remove({ metadata: { name, uid } }: Stored<Pod>): Promise<void> {
    const pod = this.pods.get(keyOf({ metadata: { namespace: this.namespace, name } }));
    if (pod?.metadata.deletionTimestamp === undefined) return;
    await this.steadily(() =>
      this.client.delete(PODS, { namespace: this.namespace, name }, { gracePeriodSeconds: 0, preconditions: { uid } }),
    );
  }

  private gone({ metadata: { name } }: Stored<Pod>): Promise<void> {
    this.processes.get(name)?.kill('SIGKILL');
    return Promise.resolve();
  }
}

const STATUS = { name: 'worker', image: 'process', imageID: 'process', ready: false, restartCount: 0 };
