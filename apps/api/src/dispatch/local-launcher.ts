import { spawn, type ChildProcess } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { mkdir, open, readFile, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { hostname, setPriority } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { OrestesError } from '@orestes/contracts';
import type { Launcher, WorkerOrder } from './launcher.js';

export interface LocalOptions {
  /** Where the workers find the API. */
  api: () => string;
  /** Random, and the same for every service on these data: by it a service knows its workers. */
  service: string;
  /** Folder of the workers' own output. */
  logs: string;
  /** Told when a worker has ended. */
  onExit: () => void;
}

/** Variables that a worker has no business with. */
const SECRETS = /^(DATABASE_URL|PG[A-Z]+|ORESTES_.*)$/;
/** What of those a person may want to set for the workers. */
const PASSED = /^ORESTES_(PJRT_PLUGIN|CACHE|PATIENCE_SECONDS)/;
/** Workers compute: requests are answered first. */
const NICE = 10;
const TAIL_LINES = 20;
/** What a worker ends with that was asked to save (apps/worker/src/service/attempt.ts). */
const SAVED = 75;
const LONGEST_STOP_MS = 60_000;
const LONGEST_KILL_MS = 5000;
const REMEMBERED_MS = 600_000;

/** Workers as processes of this machine. They outlive a service that dies, and the next one finds them again. */
export class LocalLauncher implements Launcher {
  private readonly children = new Map<string, ChildProcess>();

  constructor(private readonly options: LocalOptions) {}

  async launch({ attempt, token }: WorkerOrder): Promise<void> {
    await mkdir(this.options.logs, { recursive: true });
    const log = await open(this.logOf(attempt), 'w');
    const main = createRequire(import.meta.url).resolve('@orestes/worker/main');
    try {
      const child = spawn(process.execPath, ['--enable-source-maps', main], {
        env: {
          ...passedOn(process.env),
          ORESTES_API: this.options.api(),
          ORESTES_ATTEMPT: attempt,
          ORESTES_SERVICE: this.options.service,
          ORESTES_TOKEN: token,
        },
        stdio: ['ignore', log.fd, log.fd],
        detached: true, // Ctrl-C is for the service, which lets its workers save
      });
      this.children.set(attempt, child);
      child.once('error', () => this.options.onExit());
      child.once('exit', (code) => this.onExit(attempt, code));
      child.unref();
      if (child.pid !== undefined) lowerPriority(child.pid);
    } finally {
      await log.close();
    }
  }

  /** Known as gone for a while: until the dispatcher has seen it. A worker that ended well has no last words. */
  private onExit(attempt: string, code: number | null): void {
    if (code === 0 || code === SAVED) void rm(this.logOf(attempt), { force: true });
    setTimeout(() => this.children.delete(attempt), REMEMBERED_MS).unref();
    this.options.onExit();
  }

  stop(attempt: string): Promise<void> {
    this.signal(attempt, 'SIGTERM');
    return Promise.resolve();
  }

  async kill(attempt: string): Promise<void> {
    this.signal(attempt, 'SIGKILL');
    for (let waited = 0; this.pidOf(attempt) !== null; waited += 20) {
      // Where the kernel can't end it (a driver that hangs), the order stays: nothing else waits for it.
      if (waited > LONGEST_KILL_MS)
        throw new OrestesError('WORKER_LOST', `worker of attempt ${attempt} can't be killed`);
      await sleep(20);
    }
    this.children.delete(attempt);
    await rm(this.logOf(attempt), { force: true });
  }

  isGone(attempt: string, place: { host: string; pid: number } | null): boolean {
    if (place !== null && place.host !== hostname()) return false;
    return this.pidOf(attempt) === null;
  }

  async lastWords(attempt: string): Promise<string[]> {
    const text = await readFile(this.logOf(attempt), 'utf8').catch(() => '');
    return text
      .split('\n')
      .filter((line) => line.trim() !== '')
      .slice(-TAIL_LINES);
  }

  async stopAll(): Promise<void> {
    // What an ending process was started with can't be read any more, some time before its exit is known: both count.
    const alive = () =>
      new Set([
        ...[...this.children.values()].flatMap((child) => livePid(child) ?? []),
        ...workersOf(this.options.service),
      ]);
    for (const pid of alive()) send(pid, 'SIGTERM');
    const deadline = Date.now() + LONGEST_STOP_MS;
    while (alive().size > 0 && Date.now() < deadline) await sleep(50);
    for (const pid of alive()) send(pid, 'SIGKILL');
  }

  private signal(attempt: string, signal: NodeJS.Signals): void {
    const pid = this.pidOf(attempt);
    if (pid !== null) send(pid, signal);
  }

  /** Of the attempt's live process, also one that an earlier service started. */
  private pidOf(attempt: string): number | null {
    const child = this.children.get(attempt);
    if (child) return livePid(child);
    return workers().find(({ environment }) => environment.includes(`ORESTES_ATTEMPT=${attempt}`))?.pid ?? null;
  }

  private readonly logOf = (attempt: string) => path.join(this.options.logs, `${attempt}.log`);
}

/** Null once its exit is known, or where it never ran. */
const livePid = ({ pid, exitCode, signalCode }: ChildProcess): number | null =>
  exitCode === null && signalCode === null ? (pid ?? null) : null;

function passedOn(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !SECRETS.test(name) || PASSED.test(name)));
}

function lowerPriority(pid: number): void {
  try {
    setPriority(pid, NICE);
  } catch {
    // it has ended already, or the system has no priorities: nothing hangs on it
  }
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error; // it has ended by itself
  }
}

/** Workers of a service by its name: an earlier one on the same data may have had another address. */
const workersOf = (service: string): number[] =>
  workers().flatMap(({ pid, environment }) => (environment.includes(`ORESTES_SERVICE=${service}`) ? [pid] : []));

/** Processes of this user's that a service has started, by what they were started with. */
function workers(): { pid: number; environment: string[] }[] {
  const pids = readdirSync('/proc').map(Number).filter(Number.isInteger);
  return pids
    .map((pid) => ({ pid, environment: environmentOf(pid) }))
    .filter(({ environment }) => environment.some((line) => line.startsWith('ORESTES_ATTEMPT=')));
}

function environmentOf(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
  } catch {
    return []; // gone, or another user's
  }
}
