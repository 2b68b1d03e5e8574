import { fork, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, open, readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { ClusterError } from '../errors.js';
import { prepareImages } from '../images/build.js';
import { whyNoNodes } from '../nodes/why-no-nodes.js';
import { whyNoDaemons } from '../process/daemon.js';
import { exclusively } from '../process/exclusively.js';
import { CONTROL_PLANE, prepareBinaries, WITH_NODES } from '../tools/binaries.js';
import { prepareClients } from '../tools/clients.js';
import type { Arguments } from './arguments.js';
import type { Kept } from './keep.js';
import { runningState, type ClusterState } from './state.js';

const MAIN = fileURLToPath(new URL('../main.js', import.meta.url));

/** Starts a cluster that goes on when this command has ended. Interrupted, it leaves nothing that was not there before. */
export async function up(options: Arguments, signal: AbortSignal): Promise<void> {
  const { data, realNodes } = options;
  const reason = realNodes > 0 ? whyNoNodes() : whyNoDaemons();
  if (reason !== null) throw new ClusterError('TOOL_MISSING', `no cluster can be run here: ${reason}`);
  await prepareBinaries(say, realNodes > 0 ? WITH_NODES : CONTROL_PLANE, signal);
  await prepareClients(say, signal);
  const images = realNodes > 0 ? await prepareImages(say, signal) : '';
  await mkdir(path.dirname(data), { recursive: true });
  const waiting = (holder: number) => say(`process ${holder} starts it just now: waiting for it`);
  await exclusively(`${data}.lock`, waiting, () => startOnce(options, images, signal), signal);
}

async function startOnce(options: Arguments, images: string, signal: AbortSignal): Promise<void> {
  const { data } = options;
  const running = await runningState(data);
  if (running) {
    say(`up already: ${running.url} (as it was started: for other nodes, down first)`);
    return tell(running);
  }
  const isNew = !existsSync(data) || (await readdir(data)).length === 0;
  if (!isNew && !existsSync(path.join(data, 'pki')))
    throw new ClusterError('REFUSED', `${data} holds something other than a cluster (allowed: a new or empty folder)`);
  await mkdir(data, { recursive: true, mode: 0o700 });
  try {
    await startKeeper({ ...options, images }, signal);
  } catch (error) {
    if (isNew) await rm(data, { recursive: true, force: true });
    throw error;
  }
  const state = await runningState(data);
  if (!state) throw new ClusterError('NOT_STARTED', `the cluster ended as it started (${keeperLog(data)})`);
  tell(state);
}

const keeperLog = (data: string) => path.join(data, 'keeper.log');

async function startKeeper(kept: Kept, signal: AbortSignal): Promise<void> {
  say('starting Kubernetes ...');
  const log = await open(keeperLog(kept.data), 'a', 0o600);
  const stdio = ['ignore', log.fd, log.fd, 'ipc'] as const;
  const child = fork(MAIN, ['keep', JSON.stringify(kept)], {
    detached: true,
    stdio: [...stdio],
    cwd: '/',
  });
  await log.close();
  const abort = () => child.kill('SIGTERM');
  signal.addEventListener('abort', abort, { once: true });
  if (signal.aborted) abort();
  const problem = await answerOf(child);
  signal.removeEventListener('abort', abort);
  if (child.connected) child.disconnect();
  child.unref();
  signal.throwIfAborted();
  if (problem !== null) throw new ClusterError('NOT_STARTED', problem);
}

/** null: it is up. Otherwise the keeper has ended, and so has all that it had started. */
async function answerOf(child: ChildProcess): Promise<string | null> {
  let answer: string | null | undefined;
  child.once('message', (message) => (answer = typeof message === 'string' ? message : null));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, by) => resolve(answer ?? `the cluster's process ended with ${by ?? code}`));
    child.once('message', (message) => message === null && resolve(null));
  });
}

function tell({ kubeconfig, kubectl, helm }: ClusterState): void {
  process.stdout.write(`export KUBECONFIG=${kubeconfig}\nexport PATH=${path.dirname(kubectl)}:$PATH\n`);
  say(`kubectl: ${kubectl}\nhelm: ${helm}`);
}

const say = (line: string): void => void process.stderr.write(`${line}\n`);
