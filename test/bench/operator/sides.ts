import { spawn } from 'node:child_process';
import { mkdtempSync, chmodSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { trainingJobDefinition, type TrainingJob } from '@orestes/contracts';
import { EmbeddedPostgres, removeData } from '@orestes/database';
import { ALL_PARTS, buildModule, startControlPlane, type ControlPlane, type Part } from '@orestes/dev-cluster';
import { objectNameOf } from '@orestes/jobs';
import { JOBS, TRAINING_JOBS, type Applied, type Job, type KubernetesClient } from '@orestes/kubernetes';
import { attemptJob, OperatorFile } from '@orestes/operator';
import { clientOf, ended, isEstablished, NAMESPACE, startTestCluster } from '../../cluster/test-cluster.js';
import { until } from '../../support/wait.js';
import { Client } from '../api/client.js';
import { objectSpec, ofPods, queueNames, QUOTA, specOfObject, submission } from './workload.js';

export const PEER = path.resolve('test', 'bench', 'operator', 'peer');

export interface Load {
  queues: number;
  /** Requests a second of the operator, or the peer; null: as many as there are. */
  qps: number | null;
}

/** One operator in a cluster of its own, which has nothing else. */
export interface Side {
  control: ControlPlane;
  client: KubernetesClient;
  /** Of its processes, by what they are. */
  pids: Record<string, number>;
  /** Submits the i-th job. @returns the name of its object @throws Error for an answer that is a refusal */
  submit(i: number): Promise<string>;
  stop(): Promise<void>;
}

const controlPids = ({ processes }: ControlPlane): Record<string, number> =>
  Object.fromEntries(processes.map(({ name, pid }) => [name === 'kube-apiserver' ? 'apiserver' : name, pid]));

/** @param gpus of each queue */
async function orestes({ queues, qps }: Load, gpus = QUOTA, parts: readonly Part[] = []) {
  const folder = mkdtempSync(path.join(tmpdir(), 'orestes-bench-operator-'));
  chmodSync(folder, 0o755); // for the account that serves where root measures
  const postgres = await EmbeddedPostgres.start({ folder });
  const cluster = await startTestCluster({
    ...{ parts, node: false, queues: queueNames(queues).map((name) => ({ name, gpus: { '*': gpus } })) },
    operator: { admission: 'own', ...(qps !== null && { qps }) },
    environment: {
      DATABASE_URL: postgres.url,
      ORESTES_RATE_LIMIT: '1000000000',
      ORESTES_HEARTBEAT_SECONDS: '86400', // there are no workers
    },
  });
  await until(
    () => Promise.resolve(cluster.operatorLog),
    (log) => log.includes('"leads"'),
  );
  const { control, client, service, operator } = cluster;
  const pids = { operator: operator.pid!, api: service.process.pid!, postgres: postgres.pid, ...controlPids(control) };
  return {
    ...{ control, client, pids, service },
    async stop() {
      await cluster.stop();
      await postgres.stop();
      await removeData(folder);
    },
  };
}

/** Through POST /jobs. @param specOf the i-th job, as it is submitted */
function posting({ service, ...parts }: Awaited<ReturnType<typeof orestes>>, specOf: (i: number) => object): Side {
  const http = new Client(service.url, 32);
  return {
    ...parts,
    async submit(i) {
      const { status, body } = await http.post('/jobs', specOf(i));
      if (status !== 202) throw new Error(`POST /jobs: ${status} ${body.slice(0, 300)}`);
      return objectNameOf(JSON.parse(body) as { id: string; name: string });
    },
    stop() {
      http.close();
      return parts.stop();
    },
  };
}

const orestesSide = async (load: Load): Promise<Side> =>
  posting(await orestes(load), (i) => submission(i, load.queues));

/** Through objects, as kubectl makes them. */
async function objectsSide(load: Load): Promise<Side> {
  const { service: _, ...parts } = await orestes(load);
  return { ...parts, submit: (i) => create(parts.client, i, load.queues) };
}

async function peerSide({ queues, qps }: Load): Promise<Side> {
  const program = await buildModule(PEER, (line) => process.stderr.write(`${line}\n`));
  const control = await startControlPlane();
  const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } };
  await control.apply([namespace, trainingJobDefinition()]);
  await isEstablished(control);
  const folder = mkdtempSync(path.join(tmpdir(), 'orestes-bench-peer-'));
  const template = path.join(folder, 'job.json');
  writeFileSync(template, JSON.stringify(peerTemplate()));
  const settings = { namespace: NAMESPACE, template, kubeconfig: control.kubeconfig, gpus: QUOTA, qps: qps ?? -1 };
  const options = Object.entries(settings).map(([name, value]) => `--${name}=${value}`);
  const child = spawn(program, options, { stdio: ['ignore', 'ignore', 'inherit'] });
  const client = clientOf(control.kubeconfig);
  return {
    ...{ control, client, pids: { operator: child.pid!, ...controlPids(control) } },
    submit: (i) => create(client, i, queues),
    async stop() {
      await ended(child);
      await client.close();
      await control.stop();
      rmSync(folder, { recursive: true });
    },
  };
}

/** With scheduler, job controller and simulated nodes of 8 GPUs; jobs of `hosts` pods, through POST /jobs. */
export async function orestesPods(nodes: number, hosts: number): Promise<Side> {
  const parts = await orestes({ queues: 1, qps: null }, 8 * nodes, ALL_PARTS);
  await parts.control.addFakeNodes(nodes);
  return posting(parts, (i) => ofPods(i, hosts));
}

/** The same Jobs on the same nodes, made by this process: what the cluster does by itself. */
export async function plainPods(nodes: number, hosts: number): Promise<Side> {
  const control = await startControlPlane({ parts: ALL_PARTS });
  await control.apply([{ apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } }]);
  await control.addFakeNodes(nodes);
  const client = clientOf(control.kubeconfig);
  return {
    ...{ control, client, pids: controlPids(control) },
    async submit(i) {
      const { metadata, spec, ...job } = jobTemplate(ofPods(i, hosts)) as Job;
      const name = `run-${i}`;
      const { ownerReferences: _, ...own } = metadata!;
      const template = { ...spec!.template, spec: { ...spec!.template.spec!, serviceAccountName: 'default' } };
      const made = { ...job, metadata: { ...own, name }, spec: { ...spec!, template } };
      await client.create(JOBS, made);
      return name;
    },
    async stop() {
      await client.close();
      await control.stop();
    },
  };
}

const metadataOf = (i: number, queues: number) => ({
  namespace: NAMESPACE,
  name: `run-${i}`,
  labels: { 'orestes.dev/kind': 'pretrain', 'orestes.dev/queue': `q${i % queues}` },
});

async function create(client: KubernetesClient, i: number, queues: number): Promise<string> {
  const object = { metadata: metadataOf(i, queues), spec: objectSpec(i, queues) } as unknown as TrainingJob;
  return (await client.create(TRAINING_JOBS, object)).metadata.name;
}

/** The very Job that the operator makes, suspended, as the peer makes them; names are the peer's to fill in. */
function peerTemplate(): Applied<Job> {
  const { spec, ...job } = jobTemplate(submission(0, 1));
  return { ...job, spec: { ...spec, suspend: true } };
}

function jobTemplate(submitted: object): Applied<Job> {
  const id = '00000000-0000-7000-8000-000000000000';
  const job = { id, state: 'queued', message: '', version: 1, epoch: 0, live: false, priority: 0 } as const;
  const trainingJob = { metadata: { ...metadataOf(0, 1), uid: id }, spec: specOfObject(submitted), status: { job } };
  const file = OperatorFile.parse({
    ...{ namespace: NAMESPACE, api: 'http://localhost:7350' },
    pods: { images: { cpu: 'worker:cpu', cuda: 'worker:cuda' }, graceSeconds: 30 },
  });
  return attemptJob(trainingJob as unknown as TrainingJob, 1, file, 'own');
}

export const SIDES = {
  orestes: orestesSide,
  objects: objectsSide,
  peer: peerSide,
} satisfies Record<string, (load: Load) => Promise<Side>>;
export type SideName = keyof typeof SIDES;
