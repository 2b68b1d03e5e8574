import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { createDataSource, migrate } from '@orestes/database';
import { startTestPostgres, type TestPostgres } from '@orestes/database/testing';
import { setTimeout as sleep } from 'node:timers/promises';
import type { DataSource } from 'typeorm';
import { assertLeader } from './leader.js';

let postgres: TestPostgres;
let database: DataSource;
beforeAll(async () => {
  postgres = await startTestPostgres();
}, 60_000);
afterAll(() => postgres?.stop());
beforeEach(async () => {
  database = createDataSource({ url: await postgres.database() });
  await database.initialize();
  await migrate(database);
});
afterEach(() => database.destroy());

/** A write of a leader's, that takes a while. */
const write = (epoch: number, takes = 0) =>
  database.transaction(async (manager) => {
    await assertLeader(manager, epoch);
    await sleep(takes);
  });

describe('the leader', () => {
  it('may be a new one with many writes at once', async () => {
    const many = (epoch: number) => Promise.all(Array.from({ length: 100 }, () => write(epoch, 5)));
    await many(1); // every connection is open
    for (let epoch = 2; epoch < 6; epoch++) await many(epoch);
  });

  it('is the newest that has written: an older one is refused', async () => {
    await write(2);
    await expect(write(1)).rejects.toMatchObject({ code: 'LEADER_SUPERSEDED', status: 409 });
    await write(2);
  });

  it('waits with its first write for what an older one has begun, of which nothing comes after it', async () => {
    await write(1);
    const ended: number[] = [];
    const note = (epoch: number) => () => void ended.push(epoch);
    const older = write(1, 200).then(note(1));
    await sleep(50);
    const newer = write(2).then(note(2));
    await Promise.all([older, newer]);
    expect(ended).toEqual([1, 2]);
  });
});
