import type { JobState } from '@orestes/contracts';
import { Job } from '@orestes/database';
import { canFollow, isTerminal, type Verdict } from '@orestes/jobs';
import type { EntityManager, QueryDeepPartialEntity } from 'typeorm';
import { notFound } from '../http/problem.js';

/** Takes the job's lock, which whoever changes anything of a job holds. */
export async function lockJob(manager: EntityManager, id: string): Promise<Job> {
  const job = await manager.findOne(Job, { where: { id }, lock: { mode: 'pessimistic_write' } });
  if (!job) throw notFound('job', id);
  return job;
}

export interface StateChange {
  to: JobState;
  message: string;
  reason?: string | null;
  /** Columns that change with it. */
  set?: Partial<Job>;
}

/** The one way in which a job changes its state. The caller holds its lock. */
export async function changeState(manager: EntityManager, job: Job, change: StateChange): Promise<void> {
  const { to, message, reason = null, set = {} } = change;
  if (!canFollow(job.state, to)) throw new Error(`job ${job.id}: ${to} can't follow ${job.state}`);
  const now = new Date();
  const columns: Partial<Job> = { waiting: null, ...set, state: to, message, reason, version: job.version + 1 };
  if (to === 'running' && !job.startedAt) columns.startedAt = now;
  if (isTerminal(to)) columns.finishedAt = now;
  Object.assign(job, columns);
  await writeState(manager, job, columns);
  if (isTerminal(to) && to !== 'succeeded') await failDependants(manager, job);
}

/** Row and event in one statement: a round trip costs more than either. */
async function writeState(manager: EntityManager, job: Job, columns: Partial<Job>): Promise<void> {
  const { id, state, message, epoch } = job;
  const [update, values] = manager
    .createQueryBuilder()
    .update(Job)
    .set(columns as QueryDeepPartialEntity<Job>)
    .where({ id })
    .getQueryAndParameters() as [string, unknown[]];
  const at = (i: number) => `$${values.length + i}`;
  await manager.query(
    `WITH changed AS (${update})
     INSERT INTO event (job_id, type, state, message, attempt) VALUES (${at(1)}, 'state', ${[2, 3, 4].map(at).join(', ')})`,
    [...values, id, state, message, epoch || null],
  );
}

export async function applyVerdict(
  manager: EntityManager,
  job: Job,
  verdict: Verdict,
  set: Partial<Job> = {},
): Promise<void> {
  const { state: to, message, reason, failure, backoffMs } = verdict;
  const notBefore = backoffMs > 0 ? new Date(Date.now() + backoffMs) : null;
  const failures = job.failures + (failure ? 1 : 0);
  await changeState(manager, job, { to, message, reason, set: { notBefore, failures, ...set } });
}

/**
 * Jobs that wait for what will never be. They are younger than the job they need, and locked in the order of their ids.
 */
async function failDependants(manager: EntityManager, job: Job): Promise<void> {
  const waiting = await manager
    .createQueryBuilder(Job, 'job')
    .innerJoin('dependency', 'd', 'd.job_id = job.id AND d.on_id = :id', { id: job.id })
    .where("job.state IN ('queued', 'suspended')")
    .orderBy('job.id')
    .setLock('pessimistic_write', undefined, ['job'])
    .getMany();
  for (const dependant of waiting) {
    const message = `it needs the output of ${job.name}, which ${job.state === 'cancelled' ? 'was cancelled' : job.state}`;
    const to = job.state === 'cancelled' || dependant.state === 'suspended' ? 'cancelled' : 'failed';
    await changeState(manager, dependant, { to, message, reason: to === 'failed' ? 'DEPENDENCY_FAILED' : null });
  }
}
