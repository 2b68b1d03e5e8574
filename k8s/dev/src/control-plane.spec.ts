import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { SIMULATED_EXIT_CODE, SIMULATED_SECONDS } from './annotations.js';
import { ALL_PARTS, startControlPlane, type ControlPlane } from './control-plane.js';
import { identityOf } from './process/identity.js';
import { describeCluster, FIRST_BUILD_MS, until } from './testing.js';

const JOBS = '/apis/batch/v1/namespaces/default/jobs';

const job = (name: string, annotations: Record<string, string> = {}, more: object = {}) => ({
  apiVersion: 'batch/v1',
  kind: 'Job',
  metadata: { name, namespace: 'default' },
  spec: {
    completionMode: 'Indexed',
    completions: 2,
    parallelism: 2,
    backoffLimit: 0,
    ...more,
    template: {
      metadata: { annotations },
      spec: {
        restartPolicy: 'Never',
        containers: [{ name: 'main', image: 'trainer:1', resources: { limits: { 'nvidia.com/gpu': '8' } } }],
      },
    },
  },
});

interface Pod {
  spec: { nodeName?: string };
  status: { phase: string; containerStatuses?: { state: { terminated?: { exitCode: number } } }[] };
}

describeCluster('a control plane', () => {
  let cluster: ControlPlane;
  beforeAll(async () => {
    cluster = await startControlPlane({ parts: ALL_PARTS });
    await cluster.addFakeNodes(2, { product: 'NVIDIA-A100-SXM4-80GB' });
  }, FIRST_BUILD_MS);
  afterAll(() => cluster?.stop());

  const pods = async (name: string): Promise<Pod[]> => {
    const { body } = await cluster.request('GET', `/api/v1/namespaces/default/pods?labelSelector=job-name=${name}`);
    return (body as { items: Pod[] }).items;
  };
  const condition = async (name: string, type: string) => {
    const { body } = await cluster.request('GET', `${JOBS}/${name}`);
    const { status } = body as { status: { conditions?: { type: string; status: string }[] } };
    return status.conditions?.some((c) => c.type === type && c.status === 'True') ?? false;
  };

  it('answers at its address and through its kubeconfig, on loopback', async () => {
    expect(cluster.url).toMatch(/^https:\/\/127\.0\.0\.1:\d+$/);
    expect((await cluster.request('GET', '/readyz')).body).toBe('ok');
    expect(await cluster.kubectl('version')).toContain('Server Version: v1.35.4');
  });

  it('has the simulated nodes, with their GPUs', async () => {
    const path = String.raw`jsonpath={.items[*].status.allocatable.nvidia\.com/gpu}`;
    expect(await cluster.kubectl('get', 'nodes', '-o', path)).toBe('8 8');
    const nodes = await cluster.kubectl(
      'get',
      'nodes',
      '-l',
      'nvidia.com/gpu.product=NVIDIA-A100-SXM4-80GB',
      '-o',
      'name',
    );
    expect(nodes.trim().split('\n')).toEqual(['node/gpu-0000', 'node/gpu-0001']);
  });

  it('runs an indexed job that was suspended, a pod on each node', async () => {
    await cluster.apply([job('gang', { [SIMULATED_SECONDS]: '0.2' }, { suspend: true })]);
    await until(() => condition('gang', 'Suspended'));
    expect(await pods('gang')).toEqual([]);
    await cluster.kubectl('patch', 'job', 'gang', '--patch', '{"spec":{"suspend":false}}');
    await until(() => condition('gang', 'Complete'));
    const ran = await pods('gang');
    expect(ran.map((pod) => pod.status.phase)).toEqual(['Succeeded', 'Succeeded']);
    expect(ran.map((pod) => pod.spec.nodeName).sort()).toEqual(['gpu-0000', 'gpu-0001']);
  });

  it('fails a pod that is told to, and runs one for as long as it is told to', async () => {
    await cluster.apply([job('failing', { [SIMULATED_EXIT_CODE]: '42' })]);
    await until(() => condition('failing', 'Failed'));
    const codes = (await pods('failing')).flatMap((pod) => pod.status.containerStatuses ?? []);
    expect(codes[0]?.state.terminated?.exitCode).toBe(42);
    await cluster.apply([job('long', { [SIMULATED_SECONDS]: '600' })]);
    await until(async () => (await pods('long')).filter((pod) => pod.status.phase === 'Running').length === 2);
    await sleep(1500); // longer than a pod runs that is told nothing
    expect((await pods('long')).map((pod) => pod.status.phase)).toEqual(['Running', 'Running']);
  });

  it('lets a deleted pod fail before it goes, so that its job counts it', async () => {
    await cluster.kubectl('delete', 'job', 'long', '--wait=false');
    await until(async () => (await pods('long')).length === 0);
    await cluster.apply([
      job('evicted', { [SIMULATED_SECONDS]: '600' }, { podReplacementPolicy: 'Failed', backoffLimit: 9 }),
    ]);
    await until(async () => (await pods('evicted')).filter((pod) => pod.status.phase === 'Running').length === 2);
    await cluster.kubectl('delete', 'pod', '-l', 'job-name=evicted,batch.kubernetes.io/job-completion-index=0');
    const failed = String.raw`jsonpath={.status.failed}`;
    await until(async () => (await cluster.kubectl('get', 'job', 'evicted', '-o', failed)) === '1');
    await until(async () => (await pods('evicted')).filter((pod) => pod.status.phase === 'Running').length === 2);
    await cluster.kubectl('delete', 'job', 'evicted');
  });

  it('reviews tokens by their audience', async () => {
    const token = (await cluster.kubectl('create', 'token', 'default', '--audience=orestes')).trim();
    const review = async (audience: string) => {
      const spec = { token, audiences: [audience] };
      const asked = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', spec };
      const { body } = await cluster.request('POST', '/apis/authentication.k8s.io/v1/tokenreviews', asked);
      return (body as { status: { authenticated?: boolean; user?: { username?: string } } }).status;
    };
    expect(await review('orestes')).toMatchObject({
      authenticated: true,
      user: { username: 'system:serviceaccount:default:default' },
    });
    expect((await review('someone-else')).authenticated).not.toBe(true);
  });

  it('knows users by their certificates, and RBAC says what they may', async () => {
    const kubeconfig = await cluster.kubeconfigFor('ada', ['researchers']);
    const asked = cluster.kubectl('--kubeconfig', kubeconfig, 'get', 'pods');
    await expect(asked).rejects.toThrow('User "ada" cannot list resource "pods"');
    await cluster.kubectl('create', 'rolebinding', 'view', '--clusterrole=view', '--group=researchers');
    await until(async () => (await cluster.kubectl('--kubeconfig', kubeconfig, 'get', 'pods', '-o', 'name')) !== '');
  });

  it.each(['apiServer', 'etcd'] as const)('keeps its objects when %s is killed and started again', async (name) => {
    const object = `before-${name.toLowerCase()}`;
    await cluster.kubectl('create', 'configmap', object, '--from-literal=a=1');
    const { pid } = cluster[name];
    await cluster[name].kill('SIGKILL');
    expect(cluster[name].running).toBe(false);
    expect(identityOf(pid)).toBeNull();
    await cluster[name].start();
    expect(cluster[name].pid).not.toBe(pid);
    await until(async () => (await cluster.request('GET', '/readyz')).body === 'ok');
    const path = `/api/v1/namespaces/default/configmaps/${object}`;
    expect((await cluster.request('GET', path)).body).toMatchObject({ data: { a: '1' } });
  });

  it('stops and goes on', async () => {
    await cluster.etcd.kill('SIGSTOP');
    expect(cluster.etcd.running).toBe(true);
    const answer = cluster.request('POST', '/api/v1/namespaces/default/configmaps', { metadata: { name: 'late' } });
    expect(await Promise.race([answer, sleep(500, 'nothing yet')])).toBe('nothing yet');
    await cluster.etcd.kill('SIGCONT');
    expect((await answer).status).toBe(201);
  });

  it('says what is wrong with a start', async () => {
    const start = startControlPlane({ flags: { 'kube-apiserver': { 'no-such-flag': '1' } } });
    await expect(start).rejects.toThrow(/^kube-apiserver ended \(.*\):\n.*unknown flag: --no-such-flag/s);
  });

  it('leaves nothing when it is stopped', async () => {
    const { folder, processes } = cluster;
    const pids = processes.map(({ pid }) => pid);
    expect(pids).toHaveLength(5);
    expect(await readFile(cluster.logs.etcd ?? '', 'utf8')).not.toBe('');
    await cluster.stop();
    expect(pids.map(identityOf)).toEqual(pids.map(() => null));
    expect(existsSync(folder)).toBe(false);
    await expect(cluster.request('GET', '/readyz')).rejects.toThrow();
  });
});
