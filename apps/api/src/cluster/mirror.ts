import type { MirroredJob } from '@orestes/contracts';
import { Job } from '@orestes/database';
import { isTerminal } from '@orestes/jobs';
import { hasReason, refOf, TRAINING_JOBS, type KubernetesClient } from '@orestes/kubernetes';
import { In, type DataSource } from 'typeorm';
import { eachOf } from './each-of.js';
import { mirroredJob, urgent } from './mirrored.js';

const BATCH = 500;
/** Progress is told so often; changes of state at once. Seconds. */
const PROGRESS_SECONDS = 10;

interface Due {
  id: string;
  live: boolean;
  savedAt: Date | null;
}

/**
 * Tells TrainingJobs how their jobs stand in the database. An object always ends up with the newest state: what is told late
 * is told again, since the version that was told is noted after that.
 * @returns the jobs whose objects are gone
 */
export async function mirror(database: DataSource, kubernetes: KubernetesClient): Promise<string[]> {
  const due = await database.query<Due[]>(
    `SELECT id, live, "savedAt" FROM (
       SELECT job.id, job.state, job.epoch, job.mirrored_state, job.mirrored_at,
         EXISTS (SELECT 1 FROM attempt WHERE job_id = job.id AND epoch = job.epoch AND attempt.state <> 'ended') AS live,
         (SELECT max(created_at) FROM checkpoint WHERE job_id = job.id) AS "savedAt"
       FROM job WHERE object IS NOT NULL AND mirrored_version < version) AS changed
     WHERE mirrored_state IS DISTINCT FROM concat(state, '/', epoch, '/', live::text)
       OR mirrored_at < now() - interval '${PROGRESS_SECONDS} seconds'
     LIMIT ${BATCH}`,
  );
  if (due.length === 0) return [];
  const jobs = await database.getRepository(Job).findBy({ id: In(due.map(({ id }) => id)) });
  const facts = new Map(due.map((each) => [each.id, each]));
  const told: { job: Job; state: string }[] = [];
  const gone: Job[] = [];
  await eachOf(jobs, async (job) => {
    const { live, savedAt } = facts.get(job.id)!;
    const document = mirroredJob(job, live, savedAt);
    if (await tell(kubernetes, job, document)) told.push({ job, state: urgent(document) });
    else gone.push(job);
  }).finally(() => note(database, told));
  return forget(database, gone);
}

/** @returns false: there is no such object any more */
async function tell(kubernetes: KubernetesClient, job: Job, document: MirroredJob): Promise<boolean> {
  const { namespace, name } = refOf(job.object!);
  try {
    const status = { job: document };
    await kubernetes.applyStatus(TRAINING_JOBS, { metadata: { namespace: namespace!, name }, status }, { force: true });
    return true;
  } catch (error) {
    if (hasReason(error, 'NotFound')) return false;
    throw error;
  }
}

const note = (database: DataSource, told: readonly { job: Job; state: string }[]): Promise<unknown> =>
  database.query(
    `UPDATE job SET mirrored_version = told.version, mirrored_state = told.state, mirrored_at = now()
     FROM unnest($1::uuid[], $2::int[], $3::text[]) AS told (id, version, state) WHERE job.id = told.id`,
    [told.map(({ job }) => job.id), told.map(({ job }) => job.version), told.map(({ state }) => state)],
  );

/** An object that was taken away by force: its job gets another one, if it has not ended. */
async function forget(database: DataSource, gone: readonly Job[]): Promise<string[]> {
  const ended = gone.filter(({ state }) => isTerminal(state));
  await note(
    database,
    ended.map((job) => ({ job, state: 'gone' })),
  );
  const others = gone.filter(({ state }) => !isTerminal(state)).map(({ id }) => id);
  if (others.length > 0) await database.query('UPDATE job SET object = NULL WHERE id = ANY($1)', [others]);
  return others;
}
