import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startControlPlane, type ControlPlane } from '@orestes/dev-cluster';
import { describeCluster, FIRST_BUILD_MS, until } from '@orestes/dev-cluster/testing';
import { readPage } from '../guides/repository.js';
import { CHART, helm, VALUES, withFile, type Manifest } from './chart.js';
import { everythingIn, LEFT } from './left.js';

const NAMESPACE = 'train';
const CRD = 'crds/trainingjobs.orestes.dev.yaml';

/** A copy of the chart whose CRD is not yet what it is by now. */
function olderChart(): string {
  const copy = join(mkdtempSync(join(tmpdir(), 'orestes-older-')), 'orestes');
  cpSync(CHART, copy, { recursive: true });
  const crd = readFileSync(join(copy, CRD), 'utf8');
  writeFileSync(join(copy, CRD), crd.replaceAll('maximum: 1000\n', 'maximum: 999\n'));
  return copy;
}

/** The command to upgrade the CRD, as a page has it: arguments of kubectl. */
const crdCommand = (page: string): string[] =>
  /`kubectl (apply [^`]* charts\/orestes\/crds)`/.exec(readPage(page))![1]!.split(' ');

describeCluster('the chart on a cluster that asks for the restricted pod security standard', () => {
  let cluster: ControlPlane;
  beforeAll(async () => {
    cluster = await startControlPlane({ parts: ['kube-controller-manager'] });
    const labels = { 'pod-security.kubernetes.io/enforce': 'restricted' };
    await cluster.apply([{ apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE, labels } }]);
  }, FIRST_BUILD_MS);
  afterAll(() => cluster?.stop());

  const release = (command: string, ...more: string[]) =>
    helm(command, 'orestes', '--kubeconfig', cluster.kubeconfig, '--namespace', NAMESPACE, ...more);
  const kubectl = (...args: string[]) => cluster.kubectl('--namespace', NAMESPACE, ...args);
  const names = async (...args: string[]) => (await kubectl('get', ...args, '-o', 'name')).trim().split('\n').sort();
  const secrets = async () =>
    JSON.parse(await kubectl('get', 'secrets', '-o', 'json', '-l', 'app.kubernetes.io/name=orestes')) as {
      items: (Manifest & { data: Record<string, string> })[];
    };
  const contents = async () => (await secrets()).items.map(({ metadata, data }) => [metadata.name, data]);
  const everything = () => everythingIn(cluster, NAMESPACE);
  /** @returns pods that there are, and what was said of those that could not be made */
  const pods = async () => {
    const events = JSON.parse(await kubectl('get', 'events', '-o', 'json')) as {
      items: { reason: string; message: string }[];
    };
    return {
      made: (await names('pods')).map((name) => name.replace(/-[0-9a-f]{8,10}-\w{5}$/, '')),
      refused: events.items.filter(({ reason }) => reason === 'FailedCreate').map(({ message }) => message),
    };
  };

  it('installs, and no pod is refused', async () => {
    const older = olderChart();
    const said = await release('install', older, ...withFile('values-kind.yaml'));
    rmSync(join(older, '..'), { recursive: true });
    expect(said).toContain('get secret orestes-first-key');
    const wanted = ['pod/orestes-api', 'pod/orestes-operator', 'pod/orestes-postgresql-0', 'pod/orestes-store-0'];
    await until(async () => {
      const { made, refused } = await pods();
      return refused.length > 0 || made.length >= wanted.length;
    });
    expect(await pods()).toEqual({ made: wanted, refused: [] });
    await expect(kubectl('run', 'loose', '--image=loose:1')).rejects.toThrow('violates PodSecurity "restricted');
    await cluster.kubectl('wait', '--for=condition=Established', 'crd/trainingjobs.orestes.dev');
  });

  it('makes keys and passwords of random letters', async () => {
    const made = Object.fromEntries((await secrets()).items.map(({ metadata, data }) => [metadata.name, data]));
    const decoded = (secret: string, key: string) => Buffer.from(made[secret]![key]!, 'base64').toString();
    expect(decoded('orestes-first-key', 'key')).toMatch(/^ork_\w{8}_\w{43}$/);
    const password = decoded('orestes-postgresql', 'password');
    expect(password).toMatch(/^\w{40}$/);
    expect(decoded('orestes-postgresql', 'url')).toBe(`postgres://orestes:${password}@orestes-postgresql:5432/orestes`);
    expect(decoded('orestes-store', 'AWS_ENDPOINT_URL')).toBe('http://orestes-store.train.svc:7070');
  });

  it('gives the accounts the rights that it says, and workers none', async () => {
    const may = (account: string, ...what: string[]) =>
      kubectl('auth', 'can-i', ...what, '--as', `system:serviceaccount:${NAMESPACE}:orestes-${account}`).then(
        (answer) => answer.trim() === 'yes',
        () => false,
      );
    expect(await may('api', 'create', 'trainingjobs.orestes.dev')).toBe(true);
    expect(await may('api', 'create', 'tokenreviews.authentication.k8s.io')).toBe(true);
    expect(await may('api', 'get', 'secrets')).toBe(false);
    expect(await may('operator', 'create', 'jobs.batch')).toBe(true);
    expect(await may('operator', 'create', 'jobs.batch', '--namespace', 'default')).toBe(false);
    expect(await may('operator', 'get', 'customresourcedefinitions/workloads.kueue.x-k8s.io')).toBe(true);
    expect(await may('worker', 'get', 'trainingjobs.orestes.dev')).toBe(false);
  });

  it('has a CRD that Helm does not upgrade, but the command of the guide and the README does', async () => {
    const command = crdCommand('docs/guides/cluster.md');
    expect(crdCommand('charts/orestes/README.md')).toEqual(command);
    const isOlder = async () =>
      (await cluster.kubectl('get', 'crd/trainingjobs.orestes.dev', '-o', 'json')).includes('"maximum": 999');
    await release('upgrade', CHART, ...withFile('values-kind.yaml'));
    expect(await isOlder()).toBe(true);
    const unforced = command.filter((arg) => arg !== '--force-conflicts');
    await expect(cluster.kubectl(...unforced)).rejects.toThrow(/conflict with "helm".*\.spec\.versions/s);
    await cluster.kubectl(...command);
    expect(await isOlder()).toBe(false);
  });

  it('upgrades: passwords stay, the operator starts anew', async () => {
    const [before, sum] = [await contents(), await templateSum()];
    await release('upgrade', CHART, ...withFile('values-kind.yaml'), '--set', 'operator.ttlSeconds=60');
    expect(await contents()).toEqual(before);
    expect(await templateSum()).not.toBe(sum);
    const second = ['--set', 'operator.ttlSeconds=60,networkPolicy.enabled=false'];
    await release('upgrade', CHART, ...withFile('values-kind.yaml'), ...second);
    expect(await kubectl('get', 'networkpolicies', '-o', 'name')).toBe('');
    expect((await pods()).refused).toEqual([]);
  });
  const templateSum = () =>
    kubectl('get', 'deployment', 'orestes-operator', '-o', 'jsonpath={.spec.template.metadata.annotations}');

  it('installs once more in the namespace of another project: rights, store and its keys are its own', async () => {
    const elsewhere = 'vision';
    const there = ['--kubeconfig', cluster.kubeconfig, '--namespace', elsewhere];
    await helm('install', 'orestes', CHART, ...there, '--create-namespace', ...withFile('values-kind.yaml'));
    const storeOf = async (namespace: string) =>
      JSON.parse(
        await cluster.kubectl('get', 'secret', 'orestes-store', '-o', 'jsonpath={.data}', '-n', namespace),
      ) as Record<string, string>;
    const [own, other] = [await storeOf(NAMESPACE), await storeOf(elsewhere)];
    for (const key of ['AWS_ENDPOINT_URL', 'AWS_SECRET_ACCESS_KEY']) expect(other[key]).not.toBe(own[key]);
    const may = (namespace: string, to: string) => {
      const who = ['--as', `system:serviceaccount:${namespace}:orestes-operator`];
      return cluster.kubectl('auth', 'can-i', 'create', 'jobs.batch', '-n', to, ...who).then(
        (answer) => answer.trim() === 'yes',
        () => false,
      );
    };
    expect([await may(NAMESPACE, NAMESPACE), await may(elsewhere, elsewhere)]).toEqual([true, true]);
    expect([await may(NAMESPACE, elsewhere), await may(elsewhere, NAMESPACE)]).toEqual([false, false]);
    await helm('uninstall', 'orestes', ...there, '--wait');
    expect(await may(NAMESPACE, NAMESPACE)).toBe(true);
  });

  it('uninstalls to what NOTES.txt says, and installs upon it again', async () => {
    const before = await contents();
    await release('uninstall', '--wait');
    await until(async () => (await everything()).length <= LEFT.length);
    expect(await everything()).toEqual(LEFT);
    expect(
      (await cluster.kubectl('get', 'clusterroles,clusterrolebindings', '-o', 'name')).match(/orestes/),
    ).toBeNull();
    expect(await cluster.kubectl('get', 'crds', '-o', 'name')).toContain('trainingjobs.orestes.dev');
    await release('install', CHART, ...withFile('values-kind.yaml'));
    expect(await contents()).toEqual(before);
  });

  it.each(VALUES)('is taken by the API server, field by field: %s', async (file) => {
    const name = file.slice('values-'.length, -'.yaml'.length);
    const text = await helm('template', name, CHART, '--namespace', NAMESPACE, ...withFile(file));
    const known = text
      .split(/^---$/m)
      .filter((document) => !/^apiVersion: (monitoring\.coreos\.com|kueue\.x-k8s\.io)\//m.test(document));
    const said = await cluster.apply(known.join('---'));
    expect(said).toContain(`deployment.apps/${name}-orestes-api serverside-applied`);
  });
});
