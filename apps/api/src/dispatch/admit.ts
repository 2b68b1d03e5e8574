import { Attempt, Job, newId, Outbox } from '@orestes/database';
import type { DataSource, EntityManager } from 'typeorm';
import { changeState } from '../jobs/state.js';
import { transact } from '../http/transact.js';
import { IS_DUE, IS_WORK, NEEDS_NOTHING, OUTPUT_IS_FREE } from './may-start.js';

/** Held while slots are counted and given away: several dispatchers take turns. */
const ADMISSION_LOCK = 7_350_001;

/**
 * Gives free slots to queued jobs that may start: the highest priority first, then the oldest.
 * @returns the jobs admitted
 */
export function admit(database: DataSource, slots: number): Promise<string[]> {
  return transact(database, async (manager) => {
    await manager.query('SELECT pg_advisory_xact_lock($1)', [ADMISSION_LOCK]);
    const [{ held }] = await manager.query<[{ held: number }]>(
      `SELECT count(*)::int AS held FROM attempt WHERE state <> 'ended'`,
    );
    const admitted: string[] = [];
    for (let free = slots - held; free > 0; free--) {
      const job = await nextJob(manager);
      if (!job) break;
      await admitJob(manager, job);
      admitted.push(job.id);
    }
    return admitted;
  });
}

async function nextJob(manager: EntityManager): Promise<Job | null> {
  const [next] = await manager.query<{ id: string }[]>(
    `SELECT id FROM job
     WHERE state = 'queued' AND ${IS_WORK} AND ${IS_DUE} AND ${NEEDS_NOTHING} AND ${OUTPUT_IS_FREE}
     ORDER BY priority DESC, id LIMIT 1 FOR UPDATE SKIP LOCKED`,
  );
  return next ? manager.findOneByOrFail(Job, { id: next.id }) : null;
}

/** The attempt, its number and the order to launch it are one commit. */
async function admitJob(manager: EntityManager, job: Job): Promise<void> {
  const attempt = { id: newId(), jobId: job.id, epoch: job.epoch + 1, state: 'admitted' as const };
  await manager.insert(Attempt, attempt);
  await manager.insert(Outbox, { attemptId: attempt.id, action: 'launch' });
  await changeState(manager, job, {
    to: 'admitted',
    message: 'it has a slot',
    set: { epoch: attempt.epoch, notBefore: null },
  });
}
