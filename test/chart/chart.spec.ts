import { describe, expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { parseDocument } from '@orestes/contracts';
import { describeCluster } from '@orestes/dev-cluster/testing';
import { OperatorFile } from '@orestes/operator';
import { serviceConfig } from '@orestes/api';
import { parse, parseAllDocuments } from 'yaml';
import { readPage } from '../guides/repository.js';
import { CLUSTER_RULES, RULES } from '../cluster/test-cluster.js';
import { CHART, find, helm, rendered, VALUES, withFile, type Manifest } from './chart.js';

interface WithRules {
  rules: object[];
}
interface WithPod {
  spec: { template: { spec: Pod; metadata: { annotations?: Record<string, string> } } };
}
interface Pod {
  securityContext: object;
  automountServiceAccountToken?: boolean;
  initContainers?: Container[];
  containers: Container[];
}
interface Container {
  image: string;
  command?: string[];
  args?: string[];
  env?: { name: string; value?: string; valueFrom?: object }[];
  securityContext: object;
}

const everything = [
  ...withFile('values-kind.yaml'),
  ...['--set', 'monitoring.serviceMonitor.enabled=true,monitoring.prometheusRule.enabled=true'],
  ...['--set', 'monitoring.dashboard.enabled=true,ingress.enabled=true,ingress.host=o.example'],
  ...['--set', 'api.autoscaling.enabled=true,kueue.localQueues[0].name=q,kueue.localQueues[0].clusterQueue=c'],
];
const operatorFile = (manifests: readonly Manifest[]): OperatorFile => {
  const { data } = find<{ data: Record<string, string> }>(manifests, 'ConfigMap', 'orestes-operator');
  return parseDocument(OperatorFile, parse(data['operator.yaml']!), 'operator.yaml');
};
const environmentOf = (manifests: readonly Manifest[]): Record<string, string> => {
  const { spec } = find<WithPod>(manifests, 'Deployment', 'orestes-api');
  const env = spec.template.spec.containers[0]!.env!;
  return Object.fromEntries(env.map(({ name, value }) => [name, value ?? 'postgres://from-a-secret']));
};
const podsOf = (manifests: readonly Manifest[]): Pod[] =>
  manifests.flatMap((each) => {
    if (each.kind === 'Pod') return [(each as unknown as { spec: Pod }).spec];
    return each.kind === 'Deployment' || each.kind === 'StatefulSet'
      ? [(each as Manifest & WithPod).spec.template.spec]
      : [];
  });

describeCluster('the chart', () => {
  it.each(['values.yaml', ...VALUES])('is clean, and gives objects, with %s', async (file) => {
    expect(await helm('lint', '--strict', CHART, ...withFile(file))).toContain('0 chart(s) failed');
    const manifests = await rendered(...withFile(file));
    for (const name of ['orestes-api', 'orestes-operator']) find(manifests, 'Deployment', name);
    const ids = manifests.map(({ kind, metadata }) => `${kind}/${metadata.name}`);
    expect(ids).toEqual([...new Set(ids)]);
  });

  it.each(['api', 'operator'] as const)('gives %s the rights that the tests run with, and no others', async (name) => {
    const manifests = await rendered();
    expect(find<WithRules>(manifests, 'Role', `orestes-${name}`).rules).toEqual(RULES[name]);
    expect(find<WithRules>(manifests, 'ClusterRole', `train-orestes-${name}`).rules).toEqual(CLUSTER_RULES[name]);
    expect(find(manifests, 'RoleBinding', `orestes-${name}`)).toMatchObject({
      roleRef: { kind: 'Role', name: `orestes-${name}` },
      subjects: [{ kind: 'ServiceAccount', name: `orestes-${name}`, namespace: 'train' }],
    });
    expect(find(manifests, 'ClusterRoleBinding', `train-orestes-${name}`)).toMatchObject({
      roleRef: { kind: 'ClusterRole', name: `train-orestes-${name}` },
      subjects: [{ kind: 'ServiceAccount', name: `orestes-${name}`, namespace: 'train' }],
    });
    expect(manifests.filter(({ kind }) => /^(Cluster)?Role$/.test(kind))).toHaveLength(4);
  });

  it('gives workers no token of the cluster', async () => {
    const worker = find(await rendered(), 'ServiceAccount', 'orestes-worker');
    expect(worker).toMatchObject({ automountServiceAccountToken: false });
  });

  it.each(VALUES)('writes a file that the operator takes: %s', async (file) => {
    const values = parse(readFileSync(`${CHART}/${file}`, 'utf8')) as { operator: { queues: { name: string }[] } };
    const read = operatorFile(await rendered(...withFile(file)));
    expect(read).toMatchObject({ namespace: 'train', api: 'http://orestes-api.train.svc:7350' });
    expect(read.queues.map(({ name }) => name)).toEqual(values.operator.queues.map(({ name }) => name));
  });

  it('hands on to the operator whatever it can be told', async () => {
    const file = operatorFile(
      await rendered(
        ...['--set', 'operator.qps=50,operator.ttlSeconds=31536000,operator.election.leaseSeconds=30,audience=a'],
        ...['--set', 'operator.queues[0].name=q,operator.queues[0].jobs=3,workers.runtimeClass=nvidia'],
        ...['--set', 'workers.priorityClass=low,workers.nodeSelector.pool=gpu,images.pullSecrets[0]=pull'],
        ...[
          '--set',
          'workers.tolerations[0].operator=Exists,workers.env.XLA_FLAGS=x,workers.annotations.a=b,store.secret=keys',
        ],
        ...['--set', 'kueue.priorityClasses[0].from=-5,kueue.priorityClasses[0].name=spare'],
        ...['--set', 'images.workerCpu.repository=r/cpu,images.workerCuda.repository=r/cuda'],
        ...['--set-string', 'images.workerCpu.tag=7'],
        ...['--set-string', `images.workerCuda.digest=sha256:${'0'.repeat(64)}`],
      ),
    );
    expect(file).toMatchObject({
      ...{ qps: 50, ttlSeconds: 31_536_000, audience: 'a', queues: [{ name: 'q', jobs: 3 }] },
      kueue: { priorityClasses: [{ from: -5, name: 'spare' }] },
      election: { leaseSeconds: 30, renewSeconds: 10, retrySeconds: 2 },
      pods: {
        images: { cpu: 'r/cpu:7', cuda: `r/cuda@sha256:${'0'.repeat(64)}` },
        ...{ serviceAccount: 'orestes-worker', storeSecret: 'keys', runtimeClass: 'nvidia', priorityClass: 'low' },
        ...{ nodeSelector: { pool: 'gpu' }, tolerations: [{ operator: 'Exists' }], imagePullSecrets: ['pull'] },
        ...{ env: { XLA_FLAGS: 'x' }, annotations: { a: 'b' } },
      },
    });
  });

  it('names by values-kueue.yaml what the guide makes for Kueue, and a higher class from a higher priority', async () => {
    const [, made] = /<<'YAML'\n(.*?)\nYAML\n/s.exec(readPage('docs/guides/cluster.md'))!;
    const objects = parseAllDocuments(made!).map((each) => each.toJS() as Manifest & { value?: number });
    const manifests = await rendered(...withFile('values-kueue.yaml'));
    for (const { spec } of manifests.filter(({ kind }) => kind === 'LocalQueue') as (Manifest & {
      spec: { clusterQueue: string };
    })[])
      find(objects, 'ClusterQueue', spec.clusterQueue);
    const classes = operatorFile(manifests).kueue.priorityClasses.sort((a, b) => a.from - b.from);
    const ranks = classes.map(({ name }) => find<{ value: number }>(objects, 'WorkloadPriorityClass', name).value);
    expect(ranks.length).toBeGreaterThan(1);
    expect(ranks).toEqual([...new Set(ranks)].sort((a, b) => a - b));
    expect(ranks[0]).toBeGreaterThan(0); // Kueue's rank of a job without a class
  });

  it('starts the operator anew when its file changes', async () => {
    const sums = [await rendered(), await rendered(), await rendered('--set', 'operator.ttlSeconds=1')].map(
      (manifests) => {
        const { metadata } = find<WithPod>(manifests, 'Deployment', 'orestes-operator').spec.template;
        return metadata.annotations!['checksum/config'];
      },
    );
    expect(sums[1]).toBe(sums[0]);
    expect(sums[2]).not.toBe(sums[0]);
  });

  it('takes names for texts that YAML would take for numbers', async () => {
    const text = await helm(
      'template',
      '1',
      CHART,
      '-n',
      '12',
      '--set-string',
      'images.pullSecrets[0]=34,store.secret=56',
    );
    const manifests = parseAllDocuments(text).map((document) => document.toJS() as Manifest | null);
    for (const manifest of manifests) expect(manifest?.metadata.namespace ?? '12').toBe('12');
    expect(text).toContain('app.kubernetes.io/instance: "1"');
    const config = find<{ data: Record<string, string> }>(manifests as Manifest[], 'ConfigMap', '1-orestes-operator');
    expect(parseDocument(OperatorFile, parse(config.data['operator.yaml']!), 'operator.yaml')).toMatchObject({
      ...{ namespace: '12', pods: { storeSecret: '56', imagePullSecrets: ['34'] } },
    });
  });

  it("gives the API an environment that it takes, and the names that the operator's file has", async () => {
    const manifests = await rendered(
      '--set',
      'api.allow={s3://one,s3://two/c},api.rateLimit=2000000',
      '--set-json',
      'api.deviceFlops=989e12',
    );
    const config = serviceConfig({}, environmentOf(manifests));
    expect(config).toMatchObject({
      ...{ host: '0.0.0.0', port: 7350, data: '/data', keys: true, outputs: 's3://orestes/outputs' },
      ...{
        databaseUrl: 'postgres://from-a-secret',
        firstKeyFile: '/etc/orestes/first-key',
        allow: ['s3://one', 's3://two/c'],
      },
      ...{ deviceFlops: 989e12, rateLimit: 2_000_000, heartbeatMs: 30_000, backoffMs: 1000, logLevel: 'warn' },
      cluster: { namespace: 'train', operator: 'orestes-operator', worker: 'orestes-worker' },
    });
    const file = operatorFile(manifests);
    expect(config.cluster).toMatchObject({ audience: file.audience, worker: file.pods.serviceAccount });
  });

  it.each([
    ['api.replica=2', "at '/api': additional properties 'replica' not allowed"],
    ['api.replicas=two', "at '/api/replicas': got string, want integer"],
    ['apis.replicas=2', "additional properties 'apis' not allowed"],
    ['operator.admission=queue', "at '/operator/admission': value must be one of 'auto', 'kueue', 'own'"],
    ['operator.queues[0].name=Bad Name', "at '/operator/queues/0/name': 'Bad Name' does not match pattern"],
    ['operator.queues[0].gpu=8', "additional properties 'gpu' not allowed"],
    ['workers.gpuResource=tpu', "at '/workers/gpuResource': value must be one of"],
    [
      'workers.tolerations[0].efect=NoSchedule',
      "at '/workers/tolerations/0': additional properties 'efect' not allowed",
    ],
    ['store.outputs=/data', "at '/store/outputs': '/data' does not match pattern"],
    ['networkPolicy.apiserver.cidrs[0]=here', "at '/networkPolicy/apiserver/cidrs/0': 'here' does not match pattern"],
    ['networkPolicy.dns[0].ipBlock.cidr=here', "at '/networkPolicy/dns/0/ipBlock/cidr': 'here' does not match pattern"],
    ['kueue.priorityClasses[0].name=urgent', "at '/kueue/priorityClasses/0': missing property 'from'"],
    [
      'kueue.priorityClasses[0].from=1001,kueue.priorityClasses[0].name=a',
      "at '/kueue/priorityClasses/0/from': maximum: got 1,001, want 1,000",
    ],
    [
      [0, 1].map((i) => `kueue.priorityClasses[${i}].from=7,kueue.priorityClasses[${i}].name=c${i}`).join(),
      'kueue.priorityClasses: two classes have one from',
    ],
    ['ingress.enabled=true', 'ingress.host: missing'],
    ['operator.queues[0].name=a,operator.queues[1].name=a', 'operator.queues: two queues have one name'],
    ['operator.election.leaseSeconds=10', 'operator.election: retrySeconds must be less than renewSeconds'],
  ])('%s is refused by its name', async (value, why) => {
    await expect(rendered('--set', value)).rejects.toThrow(why);
  });

  it('makes no pod that may more than it needs', async () => {
    const pods = podsOf(await rendered(...everything));
    expect(pods).toHaveLength(5);
    for (const { securityContext, containers, initContainers = [] } of pods) {
      expect(securityContext).toMatchObject({ runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } });
      for (const container of [...containers, ...initContainers]) {
        expect(container.image).toMatch(/^[a-z/-]+:[\w.]+$/);
        expect(container.securityContext).toEqual({
          ...{ allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'] } },
        });
      }
    }
  });

  it.each([
    ['a release of another name', 'trial', 'trial-orestes-api'],
    ['one that has it in its name', 'orestes-two', 'orestes-two-api'],
  ])('names its objects after %s', async (_, release, name) => {
    const text = await helm('template', release, CHART);
    expect(text).toContain(`name: ${name}\n`);
    expect(text).toContain(`http://${name}.default.svc:7350`);
  });

  it.each([
    [200, 0],
    [503, 1],
  ])("has a test that ends with the service's answer: %i", async (status, code) => {
    const pod = find<{ spec: Pod }>(await rendered(), 'Pod', 'orestes-test').spec.containers[0]!;
    const server = createServer((request, response) => {
      response.writeHead(request.url === '/readyz' ? status : 404).end();
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const script = pod.args![0]!.replace('http://orestes-api.train.svc:7350', `http://127.0.0.1:${port}`);
    const child = spawn(process.execPath, [...pod.command!.slice(1), script], { stdio: 'ignore' });
    expect(await once(child, 'exit')).toEqual([code, null]);
    server.close();
  });

  it('asks for metrics that there are, alone', async () => {
    const manifests = await rendered(...everything);
    const dashboard = find<{ data: Record<string, string> }>(manifests, 'ConfigMap', 'orestes-dashboard').data;
    expect((JSON.parse(dashboard['orestes.json']!) as { panels: object[] }).panels.length).toBeGreaterThan(5);
    const asked = JSON.stringify([dashboard, find(manifests, 'PrometheusRule', 'orestes-alerts')]);
    const names = [...asked.matchAll(/\borestes_\w+/g)].map(([name]) => name.replace(/_(count|bucket)$/, ''));
    expect(names.length).toBeGreaterThan(10);
    expect(names.filter((name) => !metrics().has(name))).toEqual([]);
  });
});

/** Names of what service and operator tell. */
function metrics(): Set<string> {
  const source = (path: string) => readFileSync(fileURLToPath(new URL(`../../apps/${path}`, import.meta.url)), 'utf8');
  const service = [...source('api/src/health/metrics.service.ts').matchAll(/name: '(orestes_\w+)'/g)];
  const operator = [...source('operator/src/health.ts').matchAll(/gauge\(\s*'(\w+)'/g)];
  return new Set([...service.map(([, name]) => name!), ...operator.map(([, name]) => `orestes_operator_${name}`)]);
}

describe('images/Dockerfile', () => {
  const text = readFileSync(fileURLToPath(new URL('../../images/Dockerfile', import.meta.url)), 'utf8');
  const plugins = JSON.parse(
    readFileSync(fileURLToPath(new URL('../../tools/plugins.json', import.meta.url)), 'utf8'),
  ) as Record<string, { library: string }>;

  it('makes the images that the values name', () => {
    const { images } = parse(readFileSync(`${CHART}/values.yaml`, 'utf8')) as {
      images: Record<string, { repository?: string } | string>;
    };
    const named = Object.values(images).flatMap((image) => (typeof image === 'object' && image.repository) || []);
    for (const name of named) expect(text).toContain(`\nFROM runtime AS ${name.replace('orestes/', '')}\n`);
    expect(named).toHaveLength(4);
  });

  it.each(['cpu', 'cuda'])('names the library that the installer installs for %s', (device) => {
    expect(text).toContain(`ORESTES_PJRT_PLUGIN=/opt/orestes/plugins/${device}/${plugins[device]!.library}`);
  });
});

interface Schema {
  properties?: Record<string, Schema>;
}
/** Paths of what a schema names. */
const namesOf = ({ properties = {} }: Schema, path = ''): string[] =>
  Object.entries(properties).flatMap(([name, inner]) => [`${path}.${name}`, ...namesOf(inner, `${path}.${name}`)]);

describe('values.yaml', () => {
  it('has a default of all that the schema names', () => {
    const schema = JSON.parse(readFileSync(`${CHART}/values.schema.json`, 'utf8')) as Schema;
    const values: unknown = parse(readFileSync(`${CHART}/values.yaml`, 'utf8'));
    const missing = namesOf(schema).filter((path) => {
      const at = path
        .slice(1)
        .split('.')
        .reduce<unknown>((value, name) => (value as Record<string, unknown>)?.[name], values);
      return at === undefined && path !== '.global';
    });
    expect(missing).toEqual([]);
  });
});
