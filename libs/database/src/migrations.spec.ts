import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createDataSource, migrate } from './data-source.js';
import { Job, Project } from './entities/index.js';
import { newId } from './ids.js';
import { startTestPostgres, type TestPostgres } from './testing/index.js';
import type { DataSource } from 'typeorm';

let postgres: TestPostgres;
let database: DataSource;

beforeAll(async () => {
  postgres = await startTestPostgres();
  database = await createDataSource({ url: await postgres.database() }).initialize();
  await database.runMigrations();
});
afterAll(async () => {
  await database?.destroy();
  await postgres?.stop();
});

const tables = async () =>
  (await database.query<{ name: string }[]>(`SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'`))
    .map((t) => t.name)
    .sort();

/** A row in every table. */
async function fill(): Promise<void> {
  const [project, job, attempt] = [newId(), newId(), newId()];
  await database.getRepository(Project).insert({ id: project, name: 'filled' });
  await database
    .getRepository(Job)
    .insert({ id: job, projectId: project, kind: 'finetune', name: 'j', state: 'queued', spec: {} as never });
  const hash = 'h';
  for (const [sql, values] of [
    [`INSERT INTO api_key (id, project_id, name, prefix, hash) VALUES ($1, $2, 'k', 'p', '\\x00')`, [newId(), project]],
    [`INSERT INTO dependency VALUES ($1, $1)`, [job]],
    [`INSERT INTO attempt (id, job_id, epoch, state) VALUES ($1, $2, 1, 'admitted')`, [attempt, job]],
    [`INSERT INTO event (job_id, type, message) VALUES ($1, 'state', 'm')`, [job]],
    [`INSERT INTO log_line (job_id, attempt, time, text) VALUES ($1, 1, now(), 't')`, [job]],
    [`INSERT INTO metric (job_id, split, step, time, "values") VALUES ($1, 'train', 1, now(), '{}')`, [job]],
    [`INSERT INTO checkpoint (job_id, step, address, bytes, attempt) VALUES ($1, 1, 'a', 1, 1)`, [job]],
    [
      `INSERT INTO model (id, project_id, job_id, kind, name, address, recipe_hash) VALUES ($1, $2, $3, 'finetune', 'n', 'a', $4)`,
      [newId(), project, job, hash],
    ],
    [
      `INSERT INTO corpus (id, project_id, job_id, name, address, digest, vocabulary_size, sequences) VALUES ($1, $2, $3, 'n', 'a', $4, 1, 1)`,
      [newId(), project, job, hash],
    ],
    [
      `INSERT INTO result (job_id, project_id, base, experiment, weights, task, metric, value, seed) VALUES ($1, $2, $3, $3, 'random', 't', 'm', 0, 1)`,
      [job, project, hash],
    ],
    [`INSERT INTO leader (name, epoch) VALUES ('operator', $1)`, [1]],
    [`INSERT INTO outbox (attempt_id, action) VALUES ($1, 'kill')`, [attempt]],
    [`INSERT INTO idempotency_key (project_id, key, body_hash, job_id) VALUES ($1, 'k', $2, $3)`, [project, hash, job]],
  ] as [string, unknown[]][])
    await database.query(sql, values);
}

describe('migrations', () => {
  it('make just what the entities say', async () => {
    const { upQueries } = await database.driver.createSchemaBuilder().log();
    expect(upQueries.map(({ query }) => query)).toEqual([]);
  });

  it('go down and up again on a filled database, and leave nothing behind', async () => {
    await fill();
    const before = await tables();
    const migrations = database.migrations.length;
    for (const table of before.filter((name) => name !== 'migrations')) {
      const rows = await database.query<unknown[]>(`SELECT 1 FROM "${table}"`);
      expect({ table, rows: rows.length }).toEqual({ table, rows: 1 });
    }
    for (let i = 0; i < migrations; i++) await database.undoLastMigration();
    expect(await tables()).toEqual(['migrations']);
    expect(await database.runMigrations()).toHaveLength(migrations);
    expect(await tables()).toEqual(before);
  });

  it('are done once', async () => {
    expect(await database.runMigrations()).toEqual([]);
  });

  it('wait for one another where several begin at once', async () => {
    const url = await postgres.database();
    const all = await Promise.all(
      Array.from({ length: 4 }, () => createDataSource({ url, connections: 2 }).initialize()),
    );
    try {
      await Promise.all(all.map(migrate));
      expect(await all[0]!.query('SELECT 1 FROM migrations')).toHaveLength(database.migrations.length);
    } finally {
      await Promise.all(all.map((each) => each.destroy()));
    }
  });
});

describe('ids', () => {
  it('rise, also within a millisecond and when the clock goes back', () => {
    const ids = [newId(5000), newId(5000), newId(4000), newId(6000)];
    expect([...ids].sort()).toEqual(ids);
    expect(new Set(ids).size).toBe(4);
    for (const id of ids) expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  });
});
