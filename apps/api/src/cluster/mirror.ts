import type { TrainingJobStatus } from '@orestes/contracts';
import { Job } from '@orestes/database';
import { isTerminal } from '@orestes/jobs';
import { hasReason, refOf, TRAINING_JOBS, type KubernetesClient } from '@orestes/kubernetes';
import { In, type DataSource, type EntityManager } from 'typeorm';
import { eachOf } from './each-of.js';
import { mirroredJob } from './mirrored.js';
import { statusOf } from './status.js';

/** Objects of one round; what is left comes in the next, after new objects have been made. */
const BATCH = 200;
/** An object is told no more often than that: what comes meanwhile is told together. Seconds. */
const SOONEST_SECONDS = 1;
/** Progress alone is told so often. Seconds. */
const PROGRESS_SECONDS = 10;

interface Due {
  job: Job;
  /** Whether its newest attempt has not ended. */
  live: boolean;
  /** Of its newest checkpoint. */
  savedAt: Date | null;
  /** What is told soon when it changes; the rest may wait. */
  urgent: string;
}

/**
 * Tells TrainingJobs how their jobs stand in the database. An object always ends up with the newest state: the version that was
 * told is noted after that, and where another replica of the service has told it meanwhile, it is told again.
 * @returns the jobs whose objects are gone
 */
export async function mirror(database: DataSource, kubernetes: KubernetesClient): Promise<string[]> {
  const due = await jobsDue(database);
  if (due.length === 0) return [];
  const told: Told[] = [];
  const gone: Job[] = [];
  const forgotten: string[] = [];
  try {
    await eachOf(due, async ({ job, live, savedAt, urgent }) => {
      const status = statusOf(job, mirroredJob(job, live, savedAt), new Date());
      if (await tell(kubernetes, job, status)) told.push({ job, state: urgent, status });
      else gone.push(job);
    });
  } finally {
    await note(database, told);
    forgotten.push(...(await forget(database, gone)));
  }
  return forgotten;
}

/** Jobs whose objects are to be told something. What is said of a job is of one moment: its row and its attempt of one snapshot. */
export const jobsDue = (database: DataSource): Promise<Due[]> => database.transaction('REPEATABLE READ', dueOf);

async function dueOf(manager: EntityManager): Promise<Due[]> {
  const facts = await manager.query<(Omit<Due, 'job'> & { id: string })[]>(
    `SELECT id, live, "savedAt", urgent
     FROM job,
       LATERAL (SELECT EXISTS (
         SELECT 1 FROM attempt WHERE job_id = job.id AND epoch = job.epoch AND attempt.state <> 'ended') AS live) AS attempts,
       LATERAL (SELECT max(created_at) AS "savedAt" FROM checkpoint WHERE job_id = job.id) AS checkpoints,
       LATERAL (SELECT concat_ws('/', state, epoch, live::text, generation, waiting) AS urgent) AS told
     WHERE object IS NOT NULL AND mirrored_version < version
       AND (mirrored_at IS NULL OR mirrored_at < now() - interval '${SOONEST_SECONDS} seconds')
       AND (mirrored_state IS DISTINCT FROM urgent
         OR mirrored_at < now() - interval '${PROGRESS_SECONDS} seconds')
     -- What has ended changes no more, and what is to stop is waited for; what goes on is told later, of more at once.
     ORDER BY finished_at IS NULL AND state <> 'suspending', mirrored_at NULLS FIRST
     LIMIT ${BATCH}`,
  );
  if (facts.length === 0) return [];
  const jobs = await manager.findBy(Job, { id: In(facts.map(({ id }) => id)) });
  const byId = new Map(jobs.map((job) => [job.id, job]));
  return facts.map(({ id, ...fact }) => ({ job: byId.get(id)!, ...fact }));
}

interface Told {
  job: Job;
  state: string;
  /** Null: there is no object that could be told. */
  status: TrainingJobStatus | null;
}

/** @returns false: there is no such object any more */
async function tell(kubernetes: KubernetesClient, job: Job, status: TrainingJobStatus): Promise<boolean> {
  const { namespace, name } = refOf(job.object!);
  try {
    await kubernetes.applyStatus(TRAINING_JOBS, { metadata: { namespace: namespace!, name }, status }, { force: true });
    return true;
  } catch (error) {
    if (hasReason(error, 'NotFound')) return false;
    throw error;
  }
}

const note = (database: DataSource, told: readonly Told[]): Promise<unknown> =>
  database.query(
    `UPDATE job SET mirrored_state = told.state, mirrored_at = now(), conditions = told.conditions,
       mirrored_version = CASE WHEN mirrored_version = told.before THEN told.version ELSE 0 END
     FROM unnest($1::uuid[], $2::int[], $3::int[], $4::text[], $5::jsonb[]) AS told (id, before, version, state, conditions)
     WHERE job.id = told.id`,
    [
      told.map(({ job }) => job.id),
      told.map(({ job }) => job.mirroredVersion),
      told.map(({ job }) => job.version),
      told.map(({ state }) => state),
      told.map(({ status }) => JSON.stringify(status?.conditions ?? null)),
    ],
  );

/** An object that was taken away by force: its job gets another one, if it has not ended. */
async function forget(database: DataSource, gone: readonly Job[]): Promise<string[]> {
  const ended = gone.filter(({ state }) => isTerminal(state));
  await note(
    database,
    ended.map((job) => ({ job, state: 'gone', status: null })),
  );
  const others = gone.filter(({ state }) => !isTerminal(state)).map(({ id }) => id);
  if (others.length > 0)
    await database.query(
      `UPDATE job SET object = NULL, mirrored_state = NULL, mirrored_at = NULL, conditions = NULL, generation = 1
       WHERE id = ANY($1)`,
      [others],
    );
  return others;
}
