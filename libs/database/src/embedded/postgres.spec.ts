import { afterAll, describe, expect, it, jest } from '@jest/globals';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { createDataSource } from '../data-source.js';
import { identityOf } from './owner.js';
import { EmbeddedPostgres, removeData } from './postgres.js';
import { Server } from './server.js';

const made: string[] = [];
/** @param mode of a folder that holds the data's folder */
function folder(mode = 0o755): string {
  const parent = mkdtempSync(join(tmpdir(), 'orestes-embedded-'));
  chmodSync(parent, mode);
  made.push(parent);
  return join(parent, 'database');
}
afterAll(() => made.forEach((each) => rmSync(each, { recursive: true, force: true })));

async function query(url: string, sql: string): Promise<unknown[]> {
  const client = new pg.Client(url);
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query(sql)).rows as unknown[];
  } finally {
    await client.end();
  }
}

/** Waits until it has been started again, or not, so many times, and answers. */
async function answersAgain(server: EmbeddedPostgres, restarts: readonly unknown[], times: number): Promise<void> {
  const answers = () => query(server.url, 'SELECT 1').then(Boolean, () => false);
  for (const limit = Date.now() + 30_000; restarts.length < times || !(await answers()); await sleep(50))
    if (Date.now() > limit) throw new Error(`does not answer, and was started again ${restarts.length} times`);
}

describe('the embedded PostgreSQL', () => {
  it('keeps its data, and is found again', async () => {
    const at = folder();
    const first = await EmbeddedPostgres.start({ folder: at });
    await query(first.url, 'CREATE TABLE kept (n int)');
    await query(first.url, 'INSERT INTO kept VALUES (42)');
    const { pid } = first;
    await first.stop();
    expect(identityOf(pid)).toBeNull();
    const second = await EmbeddedPostgres.start({ folder: at });
    expect(await query(second.url, 'SELECT n FROM kept')).toEqual([{ n: 42 }]);
    await second.stop();
  });

  it('has one user at a time, and its password is its own', async () => {
    const at = folder();
    const server = await EmbeddedPostgres.start({ folder: at, durable: false });
    writeFileSync(join(server.folder, 'owner.pid'), identityOf(1)!); // another process that lives
    await expect(EmbeddedPostgres.start({ folder: at })).rejects.toMatchObject({ code: 'DATA_IN_USE' });
    expect(statSync(join(server.folder, 'password')).mode & 0o077).toBe(0);
    await expect(query(server.url.replace(/:[^:@]+@/, ':wrong@'), 'SELECT 1')).rejects.toThrow(
      'password authentication failed',
    );
    await server.stop();
  });

  it.each([
    { where: 'a short path', at: 'd', address: null },
    { where: 'a path too long for a socket', at: 'd'.repeat(100), address: '127.0.0.1/32' },
    { where: 'a path with a comma', at: 'a,b', address: '127.0.0.1/32' },
  ])('speaks over a Unix socket where it can: $where', async ({ at, address }) => {
    const server = await EmbeddedPostgres.start({ folder: join(folder(), at), durable: false });
    const database = await createDataSource({ url: server.url }).initialize();
    expect(await database.query('SELECT inet_server_addr()::text AS address')).toEqual([{ address }]);
    await database.destroy();
    await server.stop();
  });

  it('is started again when it dies, at the same address, with what was committed', async () => {
    const restarts: unknown[] = [];
    const server = await EmbeddedPostgres.start({ folder: folder(), onRestart: (problem) => restarts.push(problem) });
    await query(server.url, 'CREATE TABLE kept AS SELECT 1 AS n');
    process.kill(server.pid, 'SIGKILL');
    await answersAgain(server, restarts, 1);
    expect(restarts).toEqual([null]);
    expect(await query(server.url, 'SELECT n FROM kept')).toEqual([{ n: 1 }]);
    await server.stop();
  });

  it('is started again when it dies just after it answered', async () => {
    const restarts: unknown[] = [];
    const server = await EmbeddedPostgres.start({ folder: folder(), onRestart: (problem) => restarts.push(problem) });
    const start = Server.start.bind(Server);
    const spy = jest.spyOn(Server, 'start').mockImplementationOnce(async (options) => {
      const started = await start(options);
      started.process.kill('SIGKILL');
      await started.exit;
      return started;
    });
    process.kill(server.pid, 'SIGKILL');
    await answersAgain(server, restarts, 2);
    spy.mockRestore();
    expect(restarts).toEqual([null, null]);
    await server.stop();
  });

  it('lies elsewhere where its account can not enter the folder', async () => {
    const at = folder(0o700);
    const server = await EmbeddedPostgres.start({ folder: at, durable: false });
    const isRoot = process.getuid?.() === 0;
    expect(server.folder === at).toBe(!isRoot);
    if (isRoot) expect(readFileSync(join(at, 'moved-to'), 'utf8').trim()).toBe(server.folder);
    await server.stop();
    await removeData(at);
    expect([existsSync(at), existsSync(server.folder)]).toEqual([false, false]);
  });
});
