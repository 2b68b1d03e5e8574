import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { chmod, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { OrestesError } from '@orestes/contracts';
import { canUse, serverAccount, type Account } from './account.js';
import { findBinaries, ROOT_FOLDER } from './binaries.js';
import { initialize, readPassword } from './initialize.js';
import { releaseFolder, takeFolder } from './owner.js';
import { connection, Server, socketFolder, type ServerOptions } from './server.js';

export interface EmbeddedOptions {
  /** Where its data goes. */
  folder: string;
  /** false: for tests, faster. */
  durable?: boolean;
  /** Told when the server died and was started again, or could not be. */
  onRestart?: (problem: unknown) => void;
}

const DATABASE = 'orestes';
const RESTART_PAUSE_MS = 2000;

/** A real PostgreSQL for one machine, on a loopback port; it ends with this process, and is started again should it die. */
export class EmbeddedPostgres {
  private stopping = false;
  private restarting: Promise<void> = Promise.resolve();

  private constructor(
    /** Where its data really lies. */
    readonly folder: string,
    private readonly options: ServerOptions,
    private server: Server,
    private readonly onRestart: (problem: unknown) => void,
  ) {
    this.supervise();
  }

  /**
   * Starts the server on the folder's data, made on the first start.
   * @throws OrestesError DATABASE_UNAVAILABLE, DATA_IN_USE
   */
  static async start({
    folder,
    durable = true,
    onRestart = () => undefined,
  }: EmbeddedOptions): Promise<EmbeddedPostgres> {
    const account = serverAccount();
    const place = await placeFor(path.resolve(folder), account);
    const binaries = await findBinaries(account);
    await takeFolder(place);
    try {
      await initialize(place, binaries.initdb, account, durable);
      const password = await readPassword(place);
      const data = path.join(place, 'data');
      const options = { postgres: binaries.postgres, data, port: await freePort(), password, account, durable };
      const server = await Server.start(options);
      await createDatabase(options);
      return new EmbeddedPostgres(place, options, server, onRestart);
    } catch (error) {
      await releaseFolder(place);
      throw error;
    }
  }

  /** By its socket in the data folder, at half of TCP's cost, where the path is short enough for one. */
  get url(): string {
    const { password, port } = this.options;
    const socket = socketFolder(this.options);
    const host = socket === '' ? '' : `?host=${encodeURIComponent(socket)}`;
    return `postgres://orestes:${password}@127.0.0.1:${port}/${DATABASE}${host}`;
  }

  get pid(): number {
    return this.server.process.pid!;
  }

  async stop(): Promise<void> {
    this.stopping = true;
    await this.restarting;
    await this.server.stop();
    await releaseFolder(this.folder);
  }

  private supervise(): void {
    void this.server.exit.then(() => {
      if (!this.stopping) this.restarting = this.restart();
    });
  }

  private async restart(): Promise<void> {
    while (!this.stopping) {
      try {
        this.server = await Server.start(this.options);
        this.supervise();
        return this.onRestart(null);
      } catch (error) {
        this.onRestart(error);
        await sleep(RESTART_PAUSE_MS);
      }
    }
  }
}

/** The folder itself, or, where the account that serves can't enter it, one of root's. */
async function placeFor(folder: string, account: Account | null): Promise<string> {
  await mkdir(folder, { recursive: true }).catch((error: Error) => {
    throw new OrestesError('STORE_DENIED', `${folder}: cannot be made: ${error.message}`, 1, { cause: error });
  });
  const note = path.join(folder, 'moved-to');
  if (!account || canUse(account, folder)) return folder;
  const name = createHash('sha256').update(folder).digest('hex').slice(0, 16);
  const place = path.join(ROOT_FOLDER, `data-${name}`);
  await mkdir(place, { recursive: true });
  for (const each of [ROOT_FOLDER, place]) await chmod(each, 0o755);
  await writeFile(note, `${place}\n`);
  return place;
}

/** Removes a server's data, wherever it lies. No server may use it. */
export async function removeData(folder: string): Promise<void> {
  const elsewhere = (await readFile(path.join(folder, 'moved-to'), 'utf8').catch(() => '')).trim();
  if (elsewhere.startsWith(`${ROOT_FOLDER}/data-`)) await rm(elsewhere, { recursive: true, force: true });
  await rm(folder, { recursive: true, force: true });
}

async function createDatabase(options: ServerOptions): Promise<void> {
  const client = connection(options, 'postgres');
  await client.connect();
  try {
    const { rowCount } = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [DATABASE]);
    if (rowCount === 0) await client.query(`CREATE DATABASE ${DATABASE}`);
  } finally {
    await client.end();
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new OrestesError('DATABASE_UNAVAILABLE', 'no free port');
  return address.port;
}
