import { randomBytes } from 'node:crypto';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EmbeddedPostgres } from '../embedded/postgres.js';

export interface TestPostgres {
  server: EmbeddedPostgres;
  /** A new empty database's address. */
  database(): Promise<string>;
  stop(): Promise<void>;
}

/** A PostgreSQL of a test file's own, in a temporary folder. */
export async function startTestPostgres(): Promise<TestPostgres> {
  const folder = await mkdtemp(join(tmpdir(), 'orestes-pg-'));
  await chmod(folder, 0o755); // for the account that serves where tests run as root
  const server = await EmbeddedPostgres.start({ folder, durable: false });
  const { default: pg } = await import('pg');
  return {
    server,
    async database() {
      const name = `test_${randomBytes(6).toString('hex')}`;
      const client = new pg.Client(server.url);
      await client.connect();
      await client.query(`CREATE DATABASE ${name}`).finally(() => client.end());
      const url = new URL(server.url);
      url.pathname = `/${name}`;
      return url.href;
    },
    async stop() {
      await server.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
