import { storable } from '@orestes/contracts';
import { Attempt, Outbox } from '@orestes/database';
import { afterAttempt, type Ending } from '@orestes/jobs';
import type { DataSource } from 'typeorm';
import type { ServiceConfig } from '../config.js';
import { applyVerdict, lockJob } from '../jobs/state.js';
import type { Launcher } from './launcher.js';
import { transact } from '../http/transact.js';

interface Patience extends Pick<ServiceConfig, 'heartbeatMs' | 'backoffMs'> {
  /** For how long workers could be heard; asked when the attempts have been read. Milliseconds. */
  heardMs: () => number;
}

/**
 * Ends attempts whose workers are gone or silent; their jobs start again, or fail.
 * @returns the jobs
 */
export async function endLost(
  database: DataSource,
  launcher: Launcher,
  { heartbeatMs, backoffMs, heardMs }: Patience,
): Promise<string[]> {
  const changed: string[] = [];
  const attempts = await liveAttempts(database);
  const heard = heardMs();
  for (const attempt of attempts) {
    const why = lossOf(attempt, launcher, heartbeatMs, heard);
    if (why === null) continue;
    const words = await launcher.lastWords(attempt.id);
    const last = words.at(-1);
    const message = last === undefined ? why : `${why}; its last words: ${storable(last, 500)}`;
    const ending: Ending = { outcome: 'lost', code: 'WORKER_LOST', message };
    if (await end(database, attempt, ending, words, backoffMs)) changed.push(attempt.jobId);
  }
  return changed;
}

/** Puts the jobs of workers that ended with this service, before they could tell it, back into the queue. */
export async function endStopped(database: DataSource, launcher: Launcher): Promise<void> {
  const ending: Ending = { outcome: 'interrupted', code: 'INTERRUPTED', message: 'the service was stopped' };
  for (;;) {
    const gone = (await liveAttempts(database)).filter((attempt) => isGone(attempt, launcher));
    if (gone.length === 0) return;
    // One whose last report is still being taken is looked at again.
    for (const attempt of gone) await end(database, attempt, ending, [], 0);
  }
}

interface LiveAttempt extends Pick<Attempt, 'id' | 'jobId' | 'host' | 'pid' | 'heartbeatAt'> {
  /** Since its last heartbeat, by the database's clock, which has written that as well. */
  silentMs: number | null;
}

const liveAttempts = (database: DataSource): Promise<LiveAttempt[]> =>
  database.query(
    `SELECT id, job_id AS "jobId", host, pid, heartbeat_at AS "heartbeatAt",
       (1000 * extract(epoch FROM clock_timestamp() - heartbeat_at))::float8 AS "silentMs"
     FROM attempt WHERE state <> 'ended' ORDER BY id`,
  );

function isGone({ id, host, pid, heartbeatAt }: LiveAttempt, launcher: Launcher): boolean {
  if (heartbeatAt === null) return false; // it is not launched yet
  return launcher.isGone(id, host !== null && pid !== null ? { host, pid } : null);
}

/** What speaks for the worker's being lost; null while nothing does. */
function lossOf(attempt: LiveAttempt, launcher: Launcher, heartbeatMs: number, heardMs: number): string | null {
  const { silentMs } = attempt;
  if (silentMs === null) return null; // it is not launched yet
  if (isGone(attempt, launcher)) return 'its worker ended without a word';
  const silence = Math.min(silentMs, heardMs);
  return silence > heartbeatMs ? `its worker was silent for ${Math.round(silence / 1000)} s` : null;
}

/** @returns whether it had not told its end just now: its last report and its exit race with this */
function end(
  database: DataSource,
  gone: LiveAttempt,
  ending: Ending,
  words: readonly string[],
  backoffMs: number,
): Promise<boolean> {
  return transact(database, async (manager) => {
    const job = await lockJob(manager, gone.jobId);
    const attempt = await manager.findOneByOrFail(Attempt, { id: gone.id });
    if (attempt.state === 'ended' || attempt.heartbeatAt?.getTime() !== gone.heartbeatAt?.getTime()) return false;
    await manager.update(Attempt, attempt.id, { state: 'ended', outcome: ending.outcome, endedAt: new Date() });
    await manager.insert(Outbox, { attemptId: attempt.id, action: 'kill' });
    if (words.length > 0)
      await manager.query(
        'INSERT INTO log_line (job_id, attempt, time, text) SELECT $1, $2, now(), unnest($3::text[])',
        [job.id, attempt.epoch, words.map((line) => storable(line, 10_000))],
      );
    await applyVerdict(manager, job, afterAttempt(job, ending, backoffMs));
    return true;
  });
}
