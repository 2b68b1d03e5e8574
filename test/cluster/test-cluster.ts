import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { trainingJobDefinition, type JobDocument } from '@orestes/contracts';
import { startControlPlane, type ControlPlane, type Part } from '@orestes/dev-cluster';
import { attemptNameOf, objectNameOf } from '@orestes/jobs';
import { JOBS, KubeConfig, KubernetesClient, type Job, type Stored } from '@orestes/kubernetes';
import { startTestService, type RunningService } from '../support/service.js';
import { until } from '../support/wait.js';
import { ProcessNode } from './process-node.js';
import { startWriteProxy, type WriteCounter } from './write-proxy.js';

export const NAMESPACE = 'orestes';

export interface ClusterSetting {
  parts?: readonly Part[];
  /** Of the apiserver, over what it is started with. */
  apiServer?: Readonly<Record<string, string>>;
  queues?: object[];
  /** A node that runs workers as processes. */
  node?: boolean;
  /** Of the service. */
  environment?: NodeJS.ProcessEnv;
  /** Of the operator's configuration file; and what it says of pods. */
  operator?: object;
  pods?: object;
  /** Counts what the operator writes, and may hold it up. */
  writes?: WriteCounter;
}

/** Control plane, service and operator as processes of their own, as a chart installs them. */
export interface TestCluster {
  control: ControlPlane;
  client: KubernetesClient;
  service: RunningService;
  node: ProcessNode | null;
  readonly operator: ChildProcess;
  /** What the operator has logged. */
  readonly operatorLog: string;
  /** Starts one more operator. */
  startOperator(): ChildProcess;
  stop(): Promise<void>;
}

/** Rights of the service: the same as the chart's. */
export const RULES = {
  api: [
    { apiGroups: ['orestes.dev'], resources: ['trainingjobs'], verbs: ['create', 'get'] },
    { apiGroups: ['orestes.dev'], resources: ['trainingjobs/status'], verbs: ['patch'] },
  ],
  operator: [
    { apiGroups: ['orestes.dev'], resources: ['trainingjobs'], verbs: ['list', 'watch', 'patch', 'delete'] },
    { apiGroups: ['orestes.dev'], resources: ['trainingjobs/status'], verbs: ['patch'] },
    { apiGroups: ['orestes.dev'], resources: ['trainingjobs/finalizers'], verbs: ['update'] },
    { apiGroups: ['batch'], resources: ['jobs'], verbs: ['get', 'list', 'watch', 'create', 'patch', 'delete'] },
    { apiGroups: [''], resources: ['services'], verbs: ['get', 'create'] },
    { apiGroups: [''], resources: ['pods'], verbs: ['list', 'watch'] },
    { apiGroups: ['coordination.k8s.io'], resources: ['leases'], verbs: ['get', 'create', 'patch'] },
  ],
};

/** Outside namespaces. */
export const CLUSTER_RULES = {
  api: [{ apiGroups: ['authentication.k8s.io'], resources: ['tokenreviews'], verbs: ['create'] }],
  operator: [
    {
      apiGroups: ['apiextensions.k8s.io'],
      resources: ['customresourcedefinitions'],
      resourceNames: ['workloads.kueue.x-k8s.io'],
      verbs: ['get'],
    },
  ],
};

const meta = (name: string) => ({ name, namespace: NAMESPACE });
const rbac = 'rbac.authorization.k8s.io';

function manifests(): object[] {
  const accounts = ['api', 'operator', 'worker'].map((name) => ({
    ...{ apiVersion: 'v1', kind: 'ServiceAccount', metadata: meta(`orestes-${name}`) },
  }));
  const roles = Object.entries(RULES).flatMap(([name, rules]) => [
    { apiVersion: `${rbac}/v1`, kind: 'Role', metadata: meta(`orestes-${name}`), rules },
    {
      ...{ apiVersion: `${rbac}/v1`, kind: 'RoleBinding', metadata: meta(`orestes-${name}`) },
      roleRef: { apiGroup: rbac, kind: 'Role', name: `orestes-${name}` },
      subjects: [{ kind: 'ServiceAccount', name: `orestes-${name}`, namespace: NAMESPACE }],
    },
  ]);
  const clusterWide = Object.entries(CLUSTER_RULES).flatMap(([account, rules]) => {
    const name = `orestes-${account}`;
    return [
      { apiVersion: `${rbac}/v1`, kind: 'ClusterRole', metadata: { name }, rules },
      {
        ...{ apiVersion: `${rbac}/v1`, kind: 'ClusterRoleBinding', metadata: { name } },
        roleRef: { apiGroup: rbac, kind: 'ClusterRole', name },
        subjects: [{ kind: 'ServiceAccount', name, namespace: NAMESPACE }],
      },
    ];
  });
  const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } };
  return [namespace, trainingJobDefinition(), ...accounts, ...roles, ...clusterWide];
}

export async function startTestCluster({
  parts = ['kube-controller-manager', 'kube-scheduler'],
  queues = [{ name: 'default', gpus: { '*': 8 } }],
  node = true,
  environment = {},
  apiServer = {},
  operator: more = {},
  pods = {},
  writes,
}: ClusterSetting = {}): Promise<TestCluster> {
  const folder = mkdtempSync(join(tmpdir(), 'orestes-cluster-'));
  const control = await startControlPlane({ parts, flags: { 'kube-apiserver': apiServer } });
  await control.apply(manifests());
  await isEstablished(control);
  const client = clientOf(control.kubeconfig);
  const token = async (account: string, ...audience: string[]) =>
    (await control.kubectl('create', 'token', account, '-n', NAMESPACE, '--duration=4h', ...audience)).trim();
  const service = await startTestService({
    environment: {
      ...{ ...environment, ORESTES_LAUNCHER: 'kubernetes', ORESTES_NAMESPACE: NAMESPACE },
      KUBECONFIG: kubeconfigWith(control, folder, 'api', await token('orestes-api')),
    },
  });
  writeFileSync(join(folder, 'token'), await token('orestes-operator', '--audience=orestes-api'), { mode: 0o600 });
  const authority = authorityOf(control);
  const proxies = writes && [
    await startWriteProxy(control.url, authority, writes),
    await startWriteProxy(service.url, undefined, writes),
  ];
  const [kubernetesUrl, apiUrl] = proxies?.map(({ url }) => url) ?? [control.url, service.url];
  const kubeconfig = kubeconfigWith(control, folder, 'operator', await token('orestes-operator'), kubernetesUrl);
  writeFileSync(
    join(folder, 'operator.json'),
    JSON.stringify({
      ...{ namespace: NAMESPACE, api: apiUrl, queues },
      pods: { images: { cpu: 'worker:cpu', cuda: 'worker:cuda' }, graceSeconds: 30, ...pods },
      ...more,
    }),
  );
  let log = '';
  const operators: ChildProcess[] = [];
  const startOperator = (): ChildProcess => {
    const child = spawn(
      process.execPath,
      ['--enable-source-maps', createRequire(import.meta.url).resolve('@orestes/operator/main')],
      {
        env: {
          ...{ PATH: process.env['PATH'], HOME: process.env['HOME'], KUBECONFIG: kubeconfig },
          ...{ ORESTES_OPERATOR_CONFIG: join(folder, 'operator.json'), ORESTES_TOKEN_FILE: join(folder, 'token') },
          ...{ ORESTES_PORT: '0', ORESTES_HOST: '127.0.0.1' },
        },
        stdio: ['ignore', 'ignore', 'pipe'],
      },
    );
    child.stderr.on('data', (text: Buffer) => (log += text.toString()));
    operators.push(child);
    return child;
  };
  startOperator();
  const processNode = node ? new ProcessNode(control, client, NAMESPACE) : null;
  await processNode?.start();
  const emergency = () => operators.forEach((child) => child.kill('SIGKILL'));
  process.once('exit', emergency);
  return {
    ...{ control, client, service, node: processNode, startOperator },
    get operator() {
      return operators.at(-1)!;
    },
    get operatorLog() {
      return log;
    },
    async stop() {
      for (const child of operators) await ended(child);
      for (const proxy of proxies ?? []) await proxy.stop();
      await processNode?.stop();
      await service.stop();
      await client.close();
      await control.stop();
      process.off('exit', emergency);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Resolves when TrainingJobs can be made. Before their CRD has a status, kubectl does not wait but fails. */
export const isEstablished = (control: ControlPlane): Promise<string> =>
  until(
    () => control.kubectl('wait', '--for=condition=Established', 'crd/trainingjobs.orestes.dev'),
    () => true,
  );

/** The Job of a job's attempt, when the operator has made it. */
export async function attemptMade(
  { client }: Pick<TestCluster, 'client'>,
  job: Pick<JobDocument, 'id' | 'name'>,
  epoch: number,
): Promise<Stored<Job>> {
  const ref = { namespace: NAMESPACE, name: attemptNameOf(objectNameOf(job), epoch) };
  const found = await until(
    () => client.find(JOBS, ref),
    (made) => made !== null,
    50,
  );
  return found!;
}

export function clientOf(file: string): KubernetesClient {
  const config = new KubeConfig();
  config.loadFromFile(file);
  return new KubernetesClient(config, { fieldManager: 'test' });
}

/** Ends a process, one that is stopped too. */
export async function ended(child: ChildProcess, signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  child.kill(signal);
  child.kill('SIGCONT');
  await exit;
}

function authorityOf(control: ControlPlane): string {
  const config = new KubeConfig();
  config.loadFromFile(control.kubeconfig);
  return Buffer.from(config.getCurrentCluster()!.caData!, 'base64').toString();
}

/** The cluster by a service account's token. @param server where it is looked for */
function kubeconfigWith(
  control: ControlPlane,
  folder: string,
  name: string,
  token: string,
  server = control.url,
): string {
  const file = join(folder, `${name}.kubeconfig`);
  const authority = { 'certificate-authority-data': Buffer.from(authorityOf(control)).toString('base64') };
  // A proxy of the test's has no certificate; client-node takes plain HTTP only where none is to be verified.
  const trust = server.startsWith('https:') ? authority : { 'insecure-skip-tls-verify': true };
  const document = {
    ...{ apiVersion: 'v1', kind: 'Config', 'current-context': 'c' },
    clusters: [{ name: 'c', cluster: { server, ...trust } }],
    users: [{ name: 'c', user: { token } }],
    contexts: [{ name: 'c', context: { cluster: 'c', user: 'c' } }],
  };
  writeFileSync(file, JSON.stringify(document), { mode: 0o600 });
  return file;
}

/**
 * Under a quota by which the namespace takes no more of something, while something is done: it counts from when it is there,
 * also where nobody has said yet how much of it is used. @param resource for example `pods`
 */
export async function whileRefused<T>({ control }: TestCluster, resource: string, work: () => Promise<T>): Promise<T> {
  const metadata = meta('none');
  await control.apply([{ apiVersion: 'v1', kind: 'ResourceQuota', metadata, spec: { hard: { [resource]: '0' } } }]);
  return work().finally(() => control.kubectl('delete', '-n', NAMESPACE, 'resourcequota', metadata.name));
}
