import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { OrestesError } from '@orestes/contracts';
import pg from 'pg';
import type { Account } from './account.js';
import { environment } from './initialize.js';

export interface ServerOptions {
  postgres: string;
  data: string;
  port: number;
  password: string;
  account: Account | null;
  /** false: faster, and a crash of the machine loses everything. */
  durable: boolean;
}

const SETTINGS = {
  listen_addresses: '127.0.0.1',
  max_connections: '100',
  shared_buffers: '64MB',
  log_min_messages: 'warning',
};
const CARELESS = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' };

const READY_MS = 60_000;
const SOCKET_PATH_BYTES = 107; // sun_path of Linux, unix(7), without its NUL

/** One run of the server's process. */
export class Server {
  private said = '';
  /** Fulfilled when its process is gone, also for those who ask later. */
  readonly exit: Promise<unknown>;

  private constructor(
    readonly process: ChildProcess,
    private readonly options: ServerOptions,
  ) {
    this.exit = new Promise((resolve) => process.once('exit', resolve).once('error', resolve));
    process.stderr?.on('data', (text: Buffer) => (this.said = (this.said + text.toString()).slice(-4000)));
  }

  /**
   * Starts it, and waits until it answers.
   * @throws OrestesError DATABASE_UNAVAILABLE with the server's own words
   */
  static async start(options: ServerOptions): Promise<Server> {
    const deadline = Date.now() + READY_MS;
    for (;;) {
      const server = new Server(launch(options), options);
      if (await server.answers(deadline)) return server;
      // Children of a server that was killed may still hold its shared memory for a moment.
      if (Date.now() > deadline || !/pre-existing shared memory|lock file/.test(server.said))
        throw new OrestesError('DATABASE_UNAVAILABLE', `PostgreSQL did not start: ${server.said.trim()}`);
      await sleep(100);
    }
  }

  get exited(): boolean {
    return this.process.pid === undefined || this.process.exitCode !== null || this.process.signalCode !== null;
  }

  /** Fast shutdown; returns when the process is gone. */
  async stop(): Promise<void> {
    this.process.ref(); // else the event loop could end before
    if (!this.exited) this.process.kill('SIGINT');
    await this.exit;
  }

  private async answers(deadline: number): Promise<boolean> {
    while (Date.now() < deadline && !this.exited) {
      const client = connection(this.options, 'postgres');
      try {
        await client.connect();
        return true;
      } catch {
        await sleep(25); // not yet
      } finally {
        await client.end().catch(() => undefined);
      }
    }
    if (!this.exited) this.process.kill('SIGQUIT');
    await this.exit;
    return false;
  }
}

export function connection({ port, password }: ServerOptions, database: string): pg.Client {
  const client = new pg.Client({ host: '127.0.0.1', port, user: 'orestes', password, database });
  client.on('error', () => undefined); // told by the call that fails
  return client;
}

/** Where its Unix socket lies; empty: the path would be longer than the kernel allows. */
export function socketFolder({ data, port }: ServerOptions): string {
  const fits = Buffer.byteLength(`${data}/.s.PGSQL.${port}`) <= SOCKET_PATH_BYTES;
  return fits && !data.includes(',') ? data : ''; // PostgreSQL takes a comma for the next folder
}

function launch(options: ServerOptions): ChildProcess {
  const { postgres, data, port, account, durable } = options;
  const place = { port: String(port), unix_socket_directories: socketFolder(options) };
  const settings = { ...SETTINGS, ...(durable ? {} : CARELESS), ...place };
  const args = ['-D', data, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])];
  const stdio = ['ignore', 'ignore', 'pipe'] as const;
  // Should this process be killed, the kernel asks the server for a fast shutdown.
  const becomes = account ? ['--reuid', `${account.uid}`, '--regid', `${account.gid}`, '--clear-groups'] : [];
  const child = hasSetpriv()
    ? spawn('setpriv', [...becomes, '--pdeathsig', 'INT', postgres, ...args], {
        env: environment,
        cwd: '/',
        stdio: [...stdio],
        detached: true,
      })
    : spawn(postgres, args, { ...account, env: environment, cwd: '/', stdio: [...stdio], detached: true });
  child.unref();
  (child.stderr as unknown as { unref(): void }).unref();
  return child;
}

const hasSetpriv = () => spawnSync('setpriv', ['--pdeathsig', 'INT', 'true'], { stdio: 'ignore' }).status === 0;
