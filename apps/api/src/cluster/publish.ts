import {
  asTrainingJobSpec,
  FINALIZER,
  JOB_LABEL,
  KIND_LABEL,
  parseDocument,
  shortened,
  SubmittedSpec,
  type TrainingJob,
  type WorkSpec,
} from '@orestes/contracts';
import { Job } from '@orestes/database';
import { attemptIdOf, objectNameOf } from '@orestes/jobs';
import { hasReason, isRefusal, TRAINING_JOBS, type KubernetesClient } from '@orestes/kubernetes';
import { In, type DataSource, type EntityManager } from 'typeorm';
import { IS_DUE, IS_WORK, NEEDS_NOTHING, OUTPUT_IS_FREE } from '../dispatch/may-start.js';
import { eachOf } from './each-of.js';

type Made = Pick<TrainingJob, 'metadata' | 'spec'>;

/** Objects of one round, which are noted together, most before their attempts begin; what is left comes in the next. */
const BATCH = 100;
/** After which an object that the cluster refused is tried again. */
const AGAIN_SECONDS = 30;

/**
 * Makes TrainingJobs of queued jobs that wait for no other. Who is killed between the object and the note of it makes the same
 * object again.
 * @returns jobs whose objects the cluster refuses: they wait, and are tried again; that a job has an object changes nothing of it
 */
export async function publish(
  database: DataSource,
  kubernetes: KubernetesClient,
  namespace: string,
): Promise<string[]> {
  const due = await database.query<{ id: string }[]>(
    `SELECT id FROM job WHERE state = 'queued' AND object IS NULL AND ${IS_WORK} AND ${NEEDS_NOTHING} AND ${IS_DUE}
     ORDER BY priority DESC, id LIMIT ${BATCH}`,
  );
  if (due.length === 0) return [];
  const jobs = await database.getRepository(Job).findBy({ id: In(due.map(({ id }) => id)) });
  const published: Job[] = [];
  const refused: Refused[] = [];
  try {
    await eachOf(jobs, async (job) => {
      try {
        await make(kubernetes, trainingJobOf(job, namespace));
        published.push(job);
      } catch (error) {
        if (!isRefusal(error)) throw error;
        refused.push({ job, why: shortened(`its object can't be made: ${error.message}`) });
      }
    });
  } finally {
    await note(database, published, namespace);
    await noteRefused(database, refused);
  }
  return refused.map(({ job }) => job.id);
}

interface Refused {
  job: Job;
  why: string;
}

/** Another try comes later, so that the next in line are not kept by those that are refused again and again. */
async function noteRefused(database: DataSource, refused: readonly Refused[]): Promise<void> {
  if (refused.length === 0) return;
  await database.query(
    `UPDATE job SET waiting = refused.why, version = version + 1, not_before = now() + interval '${AGAIN_SECONDS} seconds'
     FROM unnest($1::uuid[], $2::text[]) AS refused (id, why)
     WHERE job.id = refused.id AND job.object IS NULL AND job.state = 'queued'`,
    [refused.map(({ job }) => job.id), refused.map(({ why }) => why)],
  );
}

/** Creates an object, unless it was created before. @throws KubernetesError AlreadyExists where it is somebody else's of that name */
async function make(kubernetes: KubernetesClient, object: Made): Promise<void> {
  await kubernetes.create(TRAINING_JOBS, object).catch(async (error: unknown) => {
    if (!hasReason(error, 'AlreadyExists')) throw error;
    const { metadata } = await kubernetes.get(TRAINING_JOBS, object.metadata);
    if (metadata.labels?.[JOB_LABEL] !== object.metadata.labels?.[JOB_LABEL]) throw error;
  });
}

/** Whether a job is one that an object was or will be made of. */
export async function mayHaveObject(manager: EntityManager, id: string): Promise<boolean> {
  const found = await manager.query<object[]>(`SELECT FROM job WHERE id = $1 AND ${IS_WORK} AND ${NEEDS_NOTHING}`, [
    id,
  ]);
  return found.length > 0;
}

/**
 * Makes an attempt, unless a job whose output it needs has not succeeded, or one is at work that writes into its own output: two
 * would write over each other. Those that want one output take turns; one that has the job's own id is nobody else's.
 * @param graceSeconds for which the pod of an attempt that was cancelled may still save
 * @returns whether it was made. The caller holds the job's lock
 */
export async function makeAttempt(
  manager: EntityManager,
  { id, output }: Job,
  epoch: number,
  graceSeconds: number,
): Promise<boolean> {
  const isShared = output?.endsWith(`/${id}`) === false;
  if (isShared) await manager.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [output]);
  const made = await manager.query<object[]>(
    `INSERT INTO attempt (id, job_id, epoch, state)
     SELECT $1, id, $2, 'admitted' FROM job
     WHERE id = $3 AND ${NEEDS_NOTHING} ${isShared ? `AND ${OUTPUT_IS_FREE} AND ${OUTPUT_IS_LEFT}` : ''}
     RETURNING id`,
    [attemptIdOf(id, epoch), epoch, id, ...(isShared ? [graceSeconds] : [])],
  );
  return made.length > 0;
}

/** In SQL; $4: the grace. */
const OUTPUT_IS_LEFT = `NOT EXISTS (
  SELECT 1 FROM attempt JOIN job AS other ON other.id = attempt.job_id
  WHERE attempt.outcome = 'superseded' AND attempt.started_at IS NOT NULL
    AND attempt.ended_at > now() - $4 * interval '1 second' AND other.output = job.output)`;

/** The version rises: the object is to be told of the job, unless something happens to it soon. */
const note = (database: DataSource, jobs: readonly Job[], namespace: string): Promise<unknown> =>
  database.query(
    `UPDATE job SET object = made.object, waiting = NULL, version = version + 1, mirrored_at = now()
     FROM unnest($1::uuid[], $2::text[]) AS made (id, object) WHERE job.id = made.id AND job.object IS NULL`,
    [jobs.map(({ id }) => id), jobs.map((job) => `${namespace}/${objectNameOf(job)}`)],
  );

function trainingJobOf(job: Job, namespace: string): Made {
  const spec = parseDocument(SubmittedSpec, job.spec, 'spec') as WorkSpec;
  return {
    metadata: {
      namespace,
      name: objectNameOf(job),
      finalizers: [FINALIZER],
      labels: { [JOB_LABEL]: job.id, [KIND_LABEL]: job.kind, 'orestes.dev/queue': spec.resources.queue },
    },
    spec: asTrainingJobSpec(spec),
  };
}
