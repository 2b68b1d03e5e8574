import { createHash, randomBytes } from 'node:crypto';
import { newId, type DataSource } from '@orestes/database';
import { ask } from './service.js';

/** An attempt whose worker is the test: it reports over HTTP as a worker does. */
export interface TestWorker {
  attempt: string;
  post(path: 'start' | 'identity' | 'reports' | 'end', body: unknown): ReturnType<typeof ask>;
}

/**
 * Gives a queued job an attempt as the dispatcher would, without launching a worker: for a service without slots.
 * @returns the worker, not started
 */
export async function admitByHand(database: DataSource, url: string, job: string): Promise<TestWorker> {
  const attempt = newId();
  const token = `ora_${randomBytes(32).toString('base64url')}`;
  const hash = createHash('sha256').update(token).digest();
  await database.query(`UPDATE job SET state = 'admitted', epoch = epoch + 1 WHERE id = $1`, [job]);
  await database.query(
    `INSERT INTO attempt (id, job_id, epoch, state, token_hash)
       SELECT $1, id, epoch, 'admitted', $2 FROM job WHERE id = $3`,
    [attempt, hash, job],
  );
  const headers = { authorization: `Bearer ${token}` };
  return { attempt, post: (path, body) => ask(`${url}/attempts/${attempt}/${path}`, { body, headers }) };
}

/** A worker that has begun. */
export async function runningByHand(database: DataSource, url: string, job: string): Promise<TestWorker> {
  const worker = await admitByHand(database, url, job);
  await worker.post('start', { process: randomBytes(16).toString('hex'), host: 'test', pid: 0 });
  await worker.post('reports', { first: 0, items: [], progress: null });
  return worker;
}
