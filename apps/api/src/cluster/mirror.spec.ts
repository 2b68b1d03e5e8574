import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Attempt, createDataSource, Job, migrate, newId, Project } from '@orestes/database';
import { startTestPostgres, type TestPostgres } from '@orestes/database/testing';
import { attemptIdOf } from '@orestes/jobs';
import type { DataSource } from 'typeorm';
import { jobsDue } from './mirror.js';

let postgres: TestPostgres;
let database: DataSource;
beforeAll(async () => {
  postgres = await startTestPostgres();
  database = createDataSource({ url: await postgres.database() });
  await database.initialize();
  await migrate(database);
}, 60_000);
afterAll(async () => {
  await database?.destroy();
  await postgres?.stop();
});

async function newJob(): Promise<string> {
  const project = newId();
  await database.getRepository(Project).insert({ id: project, name: project });
  const job = newId();
  await database.query(
    `INSERT INTO job (id, project_id, kind, name, state, spec, object) VALUES ($1, $2, 'corpus', 'j', 'queued', '{}', 'orestes/j')`,
    [job, project],
  );
  return job;
}

describe('jobs whose objects are to be told something', () => {
  it('are seen at one moment, while their attempts begin and end', async () => {
    const id = await newJob();
    let stopped = false;
    const attempts = (async () => {
      for (let epoch = 1; !stopped; epoch++) {
        const attempt = attemptIdOf(id, epoch);
        await database.transaction(async (manager) => {
          await manager.insert(Attempt, { id: attempt, jobId: id, epoch, state: 'admitted' });
          await manager.update(Job, id, { state: 'admitted', epoch, version: 2 * epoch });
        });
        await database.transaction(async (manager) => {
          await manager.update(Attempt, attempt, { state: 'ended' });
          await manager.update(Job, id, { state: 'queued', version: 2 * epoch + 1 });
        });
      }
    })();
    const seen = new Set<string>();
    for (let i = 0; i < 400; i++) for (const { job, live } of await jobsDue(database)) seen.add(`${job.state} ${live}`);
    stopped = true;
    await attempts;
    expect([...seen].sort()).toEqual(['admitted true', 'queued false']);
  });
});
