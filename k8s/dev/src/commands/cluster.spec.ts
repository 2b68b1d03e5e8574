import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { identityOf } from '../process/identity.js';
import { describeCluster, FIRST_BUILD_MS, until } from '../testing.js';
import type { ClusterState } from './state.js';

const dist = (file: string) => fileURLToPath(new URL(`../../dist/${file}`, import.meta.url));

function run(...args: string[]): ChildProcess {
  return spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
}

async function ended(child: ChildProcess) {
  let [stdout, stderr] = ['', ''];
  child.stdout?.on('data', (text: Buffer) => (stdout += text.toString()));
  child.stderr?.on('data', (text: Buffer) => (stderr += text.toString()));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, stdout, stderr };
}

describeCluster('npm run cluster', () => {
  let folder = '';
  let data = '';
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'orestes-cluster-command-'));
    data = path.join(folder, 'cluster');
  });
  afterAll(async () => {
    await cluster('down');
    await rm(folder, { recursive: true });
  });
  const cluster = (command: string, ...args: string[]) => ended(run(dist('main.js'), command, '--data', data, ...args));
  const state = async () => JSON.parse(await readFile(path.join(data, 'cluster.json'), 'utf8')) as ClusterState;

  it(
    'up starts one that goes on, and says up already the next time',
    async () => {
      const { code, stdout, stderr } = await cluster('up', '--nodes', '3', '--gpus', '4');
      expect({ code, stderr }).toMatchObject({ code: 0 });
      expect(stdout).toContain(`export KUBECONFIG=${data}/admin.kubeconfig\n`);
      const { keeper } = await state();
      const again = await cluster('up');
      expect(again).toMatchObject({ code: 0, stdout });
      expect(again.stderr).toContain('up already: https://127.0.0.1:');
      expect((await state()).keeper).toBe(keeper);
    },
    FIRST_BUILD_MS,
  );

  it('status lists processes, nodes and addresses', async () => {
    const { code, stdout } = await cluster('status');
    expect(code).toBe(0);
    for (const name of ['keeper', 'etcd', 'kube-apiserver', 'kube-controller-manager', 'kube-scheduler', 'kwok'])
      expect(stdout).toMatch(new RegExp(`^${name} +runs +\\d+`, 'm'));
    expect(stdout.match(/^gpu-000\d +True +4 +NVIDIA/gm)).toHaveLength(3);
  });

  it('down --keep leaves the data, with which up goes on', async () => {
    const pids = (await state()).processes.map(({ pid }) => pid);
    expect(await cluster('down', '--keep')).toMatchObject({ code: 0 });
    expect(pids.map(identityOf)).toEqual(pids.map(() => null));
    expect(await cluster('status')).toMatchObject({ code: 1, stderr: expect.stringContaining('no cluster runs in') });
    await cluster('up', '--nodes', '0');
    expect((await cluster('status')).stdout).toMatch(/^gpu-0002 +True/m);
  });

  it('ends whole when its keeper is killed', async () => {
    const { keeper, processes } = await state();
    process.kill(Number.parseInt(keeper, 10), 'SIGKILL');
    await until(() => Promise.resolve(processes.every(({ pid }) => identityOf(pid) === null)));
  });

  it('down removes the data; a second one says that there is none', async () => {
    expect(await cluster('down')).toMatchObject({ code: 0 });
    expect(existsSync(data)).toBe(false);
    expect(await cluster('down')).toMatchObject({ code: 0, stderr: `no cluster in ${data}\n` });
  });

  it('leaves nothing when up is interrupted', async () => {
    const child = run(dist('main.js'), 'up', '--data', data);
    const end = ended(child);
    await until(() => Promise.resolve(existsSync(path.join(data, 'logs', 'kube-apiserver.log'))));
    const [server] = await openers(path.join(data, 'logs', 'kube-apiserver.log'));
    child.kill('SIGINT');
    expect(await end).toMatchObject({ code: 130 });
    expect(server && identityOf(server)).toBeNull();
    expect(await readdir(folder)).toEqual([]);
  });

  it('refuses a folder that holds something else', async () => {
    const { code, stderr } = await ended(run(dist('main.js'), 'up', '--data', path.dirname(dist('main.js'))));
    expect({ code, stderr }).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('something other than a cluster'),
    });
  });

  it('exits with 2 at a mistake in the command', async () => {
    expect(await ended(run(dist('main.js'), 'away'))).toMatchObject({
      code: 2,
      stderr: 'cluster: unknown command away (allowed: up, down, status)\n',
    });
  });
});

describeCluster('a process that started a control plane', () => {
  it('takes it with it when it is killed', async () => {
    const script = `
      const { startControlPlane } = await import(${JSON.stringify(pathToFileURL(dist('index.js')).href)});
      const { folder, processes } = await startControlPlane();
      console.log(JSON.stringify({ folder, pids: processes.map((p) => p.pid) }));
      setInterval(() => undefined, 1000);`;
    const child = run('--input-type=module', '--eval', script);
    const [line] = (await once(child.stdout!, 'data')) as [Buffer];
    const { folder, pids } = JSON.parse(line.toString()) as { folder: string; pids: number[] };
    expect(pids.map(identityOf)).not.toContain(null);
    expect(existsSync(folder)).toBe(true);
    child.kill('SIGKILL');
    await until(() => Promise.resolve(pids.every((pid) => identityOf(pid) === null)));
    await until(() => Promise.resolve(!existsSync(folder)));
  });
});

/** The processes that have a file open. */
async function openers(file: string): Promise<number[]> {
  const { readlink } = await import('node:fs/promises');
  const pids = (await readdir('/proc')).map(Number).filter((pid) => pid > 0);
  const has = async (pid: number) => {
    const open = await Promise.all([1, 2].map((fd) => readlink(`/proc/${pid}/fd/${fd}`).catch(() => '')));
    return open.includes(file);
  };
  const found = await Promise.all(pids.map(async (pid) => ((await has(pid)) ? [pid] : [])));
  return found.flat();
}
