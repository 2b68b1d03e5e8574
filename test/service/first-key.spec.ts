import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startTestPostgres, type TestPostgres } from '@orestes/database/testing';
import { ask, startTestService } from '../support/service.js';

const folder = mkdtempSync(join(tmpdir(), 'orestes-first-key-'));
let postgres: TestPostgres;
beforeAll(async () => {
  postgres = await startTestPostgres();
});
afterAll(async () => {
  await postgres?.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** @returns the file of the key, as a mounted Secret */
function fileWith(key: string): string {
  const file = join(folder, randomBytes(6).toString('hex'));
  writeFileSync(file, key);
  return file;
}
const newKey = () => `ork_aBcDeF12_${randomBytes(32).toString('base64url')}`;
const start = (url: string, file: string) =>
  startTestService({ options: ['--keys'], environment: { DATABASE_URL: url, ORESTES_FIRST_KEY_FILE: file } });
const jobsAs = async (service: { url: string }, key: string) =>
  (await ask(`${service.url}/jobs`, { headers: { authorization: `Bearer ${key}` } })).status;

describe('a first key that is given', () => {
  it('is good at every replica, also where they start at once, until it is revoked', async () => {
    const [url, key] = [await postgres.database(), newKey()];
    const file = fileWith(`${key}\n`);
    const replicas = await Promise.all([start(url, file), start(url, file)]);
    try {
      for (const replica of replicas) expect(await jobsAs(replica, key)).toBe(200);
      const headers = { authorization: `Bearer ${key}` };
      const listed = (await ask(`${replicas[0].url}/keys`, { headers })).body as { items: { id: string }[] };
      expect(listed.items).toHaveLength(1);
      await ask(`${replicas[0].url}/keys/${listed.items[0]!.id}`, { method: 'DELETE', headers });
      await replicas[1].killAndRestart();
      for (const replica of replicas) expect(await jobsAs(replica, key)).toBe(401);
      for (const { output } of replicas) expect(output).not.toContain(key);
    } finally {
      await Promise.all(replicas.map((replica) => replica.stop()));
    }
  });

  it.each([
    ['a word', () => fileWith('secret'), 'not a key (allowed: ork_, '],
    ['no file', () => join(folder, 'nowhere'), 'ENOENT'],
  ])('%s is refused', async (_, file, why) => {
    const starting = start(await postgres.database(), file());
    await expect(starting).rejects.toThrow('ORESTES_FIRST_KEY_FILE: ');
    await expect(starting).rejects.toThrow(why);
  });
});
