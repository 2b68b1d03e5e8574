import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { open, readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { ClusterError } from '../errors.js';
import { lastLines } from './run-tool.js';

export interface Launch {
  name: string;
  program: string;
  args: readonly string[];
  /** What it writes goes to the end of this file. */
  log: string;
  /** Whether it does its work; false or an error: not yet. */
  isReady: () => Promise<boolean>;
  /** By when it is to be ready. Default: 90 s, which a machine that also compiles may need for an API server. */
  readyMs?: number;
}

const READY_MS = 90_000;
const POLL_MS = 25;
/** Signals after which a process goes on. */
const SURVIVED: readonly string[] = ['SIGSTOP', 'SIGCONT', 'SIGUSR1', 'SIGUSR2', 'SIGHUP'];

/** One program of the cluster, which can be killed and started again on the same data and ports; it dies with this process. */
export class Daemon {
  private child: ChildProcess | null = null;
  private gone: Promise<void> = Promise.resolve();

  constructor(private readonly launch: Launch) {}

  get name(): string {
    return this.launch.name;
  }

  /** The file that holds what it wrote, over all its starts. */
  get log(): string {
    return this.launch.log;
  }

  get running(): boolean {
    const { child } = this;
    return child?.pid !== undefined && child.exitCode === null && child.signalCode === null;
  }

  /** @throws ClusterError NOT_STARTED when it does not run */
  get pid(): number {
    const pid = this.running ? this.child?.pid : undefined;
    if (pid === undefined) throw new ClusterError('NOT_STARTED', `${this.name} does not run`);
    return pid;
  }

  /**
   * Starts it, and returns when it does its work.
   * @throws ClusterError NOT_STARTED with its last words, when it ends before or takes longer than it may
   */
  async start(signal?: AbortSignal): Promise<void> {
    if (this.running) throw new ClusterError('NOT_STARTED', `${this.name} runs already (process ${this.pid})`);
    await this.spawn();
    const { readyMs = READY_MS } = this.launch;
    const deadline = Date.now() + readyMs;
    while (!(await this.launch.isReady().catch(() => false))) {
      signal?.throwIfAborted();
      const overdue = Date.now() > deadline;
      if (this.running && !overdue) await sleep(POLL_MS, undefined, { signal });
      else
        throw new ClusterError(
          'NOT_STARTED',
          await this.lastWords(overdue ? `is not ready after ${readyMs / 1000} s` : 'ended'),
        );
    }
  }

  /** Sends a signal; returns at once for one that it survives (SIGSTOP), else when the process is gone. */
  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    if (!this.running) return;
    this.child?.kill(signal);
    if (SURVIVED.includes(signal)) return;
    this.child?.ref(); // else the event loop could end before
    await this.gone;
  }

  private async spawn(): Promise<void> {
    const { program, args, log } = this.launch;
    const file = await open(log, 'a', 0o600);
    try {
      // Should this process be killed, the kernel kills the program. A session of its own: a Ctrl-C here is not for it.
      const child = spawn('setpriv', ['--pdeathsig', 'KILL', program, ...args], {
        stdio: ['ignore', file.fd, file.fd],
        cwd: '/',
        detached: true,
      });
      this.gone = new Promise((resolve) => child.once('exit', () => resolve()).once('error', () => resolve()));
      child.unref();
      this.child = child;
    } finally {
      await file.close();
    }
  }

  private async lastWords(what: string): Promise<string> {
    const text = await readFile(this.log, 'utf8').catch(() => '');
    return `${this.name} ${what} (${this.log}):\n${lastLines(text)}`;
  }
}

/** Why no daemon can be run here; null: it can. */
export function whyNoDaemons(): string | null {
  if (process.platform !== 'linux') return `it runs on Linux only, and this is ${process.platform}`;
  const { status } = spawnSync('setpriv', ['--pdeathsig', 'KILL', 'true'], { stdio: 'ignore' });
  return status === 0 ? null : 'setpriv with --pdeathsig is needed (package util-linux)';
}
