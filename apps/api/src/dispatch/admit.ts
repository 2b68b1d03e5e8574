import { Attempt, Job, newId, Outbox } from '@orestes/database';
import type { DataSource, EntityManager } from 'typeorm';
import { changeState } from '../jobs/state.js';
import { transact } from '../http/transact.js';

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

/** An output has one worker at a time: two would write over each other. */
async function nextJob(manager: EntityManager): Promise<Job | null> {
  const [next] = await manager.query<{ id: string }[]>(
    `SELECT id FROM job
     WHERE state = 'queued' AND kind NOT IN ('sweep', 'pipeline') AND (not_before IS NULL OR not_before <= now())
       AND NOT EXISTS (
         SELECT 1 FROM dependency JOIN job AS needed ON needed.id = dependency.on_id
         WHERE dependency.job_id = job.id AND needed.state <> 'succeeded')
       AND NOT EXISTS (
         SELECT 1 FROM attempt JOIN job AS other ON other.id = attempt.job_id
         WHERE attempt.state <> 'ended' AND other.output = job.output)
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
