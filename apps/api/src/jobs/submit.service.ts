import { Inject, Injectable } from '@nestjs/common';
import { documentHash, type SubmittedSpec } from '@orestes/contracts';
import { Dependency, IdempotencyKey, Job, newId } from '@orestes/database';
import { expand, type JobNode } from '@orestes/jobs';
import { joinAddress } from '@orestes/storage';
import { DataSource, In, type EntityManager, type QueryDeepPartialEntity } from 'typeorm';
import type { Owner } from '../auth/keys.service.js';
import type { ServiceConfig } from '../config.js';
import { Dispatcher } from '../dispatch/dispatcher.js';
import { ProblemError } from '../http/problem.js';
import { CONFIG } from '../tokens.js';
import { assertAllowed } from './allowed.js';
import { labelTexts } from './documents.js';
import { resolveSpec } from './resolve.js';
import { transact } from '../http/transact.js';

/** A job before it is written, with the jobs whose outputs it needs. */
export type NewJob = Job & { dependsOn: readonly string[] };

type Given =
  | 'id'
  | 'projectId'
  | 'parentId'
  | 'childIndex'
  | 'kind'
  | 'name'
  | 'spec'
  | 'output'
  | 'labels'
  | 'priority'
  | 'retries'
  | 'reuse';

/** A job in the queue. @param given what is said of it; the rest is as of a job that nothing has happened to */
export function newJob(dependsOn: readonly string[], given: Pick<Job, Given> & Partial<Job>): NewJob {
  const nothing = {
    reason: null,
    message: null,
    progress: null,
    result: null,
    notBefore: null,
    startedAt: null,
    finishedAt: null,
  };
  const unknown = {
    recipeHash: null,
    experiment: null,
    base: null,
    corpusDigest: null,
    flops: null,
    reusedFrom: null,
    retryOf: null,
    object: null,
    waiting: null,
    mirroredState: null,
    mirroredAt: null,
    conditions: null,
  };
  const fresh = {
    state: 'queued',
    failures: 0,
    epoch: 0,
    version: 1,
    mirroredVersion: 0,
    generation: 1,
    createdAt: new Date(),
  } as const;
  return Object.assign(new Job(), { ...nothing, ...unknown, ...fresh, ...given, dependsOn });
}

/** A submission that comes from an object of a cluster. */
export interface Origin {
  /** `namespace/name` of it. */
  object: string;
  /** Must let the transaction pass. */
  guard: Guard;
}

/** Throws where a transaction must not be. */
export type Guard = (manager: EntityManager) => Promise<void>;

/** Rows that one INSERT takes: PostgreSQL counts parameters in 16 bits. */
const ROWS = 500;

@Injectable()
export class SubmitService {
  constructor(
    private readonly database: DataSource,
    private readonly dispatcher: Dispatcher,
    @Inject(CONFIG) private readonly config: ServiceConfig,
  ) {}

  /**
   * Writes a job and its children down, in one transaction.
   * @param key the Idempotency-Key: the same key and spec give the same job
   * @returns the job's id; and the job, if it was made just now
   */
  async submit(
    owner: Owner,
    spec: SubmittedSpec,
    key: string | null,
    origin: Origin | null = null,
  ): Promise<{ id: string; made: Job | null }> {
    const jobs = this.jobsOf(owner, expand(spec, newId));
    const [made] = jobs as [NewJob, ...NewJob[]];
    made.object = origin?.object ?? null;
    const { id } = made;
    const kept = key === null ? null : { projectId: owner.id, key, bodyHash: documentHash(spec), jobId: id };
    try {
      // One job that hangs on no other is one statement, which needs no transaction around it.
      if (jobs.length === 1 && made.dependsOn.length === 0 && !origin)
        await insertRows(this.database.manager, jobs, kept);
      else
        await transact(this.database, async (manager) => {
          await origin?.guard(manager);
          await this.insert(manager, owner, jobs, kept);
        });
    } catch (error) {
      if (kept === null || !isTaken(error)) throw error;
      return { id: await earlierJob(this.database.manager, kept), made: null };
    }
    this.dispatcher.poke();
    return { id, made };
  }

  /** The jobs as they will be written. @throws UserError about a spec; ProblemError 422 ADDRESS_FORBIDDEN */
  jobsOf(owner: Owner, nodes: readonly JobNode[]): NewJob[] {
    return nodes.map((node) => {
      const { id, parent, index, spec, dependsOn } = node;
      assertAllowed(spec, owner, this.config);
      const isParent = spec.kind === 'sweep' || spec.kind === 'pipeline';
      const output = isParent ? null : (spec.output ?? joinAddress(this.config.outputs, `${owner.name}/${id}`));
      return newJob(dependsOn, {
        ...{ id, projectId: owner.id, parentId: parent, childIndex: index, kind: spec.kind, name: spec.name },
        ...{ spec: isParent ? spec : resolveSpec(spec, output!), output, labels: labelTexts(spec.labels) },
        ...{ priority: spec.priority, retries: spec.retries },
        // An output that the user has chosen is to hold the job's files.
        reuse: spec.reuse && !isParent && spec.output === undefined,
      });
    });
  }

  /** @param kept the key that is to give the same jobs again; one that is taken already ends the transaction */
  async insert(manager: EntityManager, owner: Owner, jobs: NewJobs, kept: KeptKey | null = null): Promise<void> {
    await assertUsable(manager, owner, jobs);
    for (let i = 0; i < jobs.length; i += ROWS)
      await insertRows(manager, jobs.slice(i, i + ROWS), i === 0 ? kept : null);
    const edges = jobs.flatMap(({ id, dependsOn }) => dependsOn.map((on) => ({ jobId: id, onId: on })));
    for (let i = 0; i < edges.length; i += ROWS) await manager.insert(Dependency, edges.slice(i, i + ROWS));
  }
}

type NewJobs = readonly NewJob[];
type KeptKey = Pick<IdempotencyKey, 'projectId' | 'key' | 'bodyHash' | 'jobId'>;

/** Jobs, the first event of each and the key, in one statement: a round trip costs as much as the rows. */
async function insertRows(manager: EntityManager, jobs: NewJobs, kept: KeptKey | null): Promise<void> {
  const [rows, parameters] = manager
    .createQueryBuilder()
    .insert()
    .into(Job)
    .values(jobs.map(({ dependsOn: _, ...row }) => row as QueryDeepPartialEntity<Job>))
    .returning(['id', 'state'])
    .getQueryAndParameters();
  const at = (i: number) => `$${parameters.length + i}`;
  const key = `, kept AS (INSERT INTO idempotency_key (project_id, key, body_hash, job_id) VALUES (${[1, 2, 3, 4].map(at).join(', ')}))`;
  await manager.query(
    `WITH submitted AS (${rows})${kept ? key : ''}
     INSERT INTO event (job_id, type, state, message) SELECT id, 'state', state, 'submitted' FROM submitted`,
    kept ? [...(parameters as unknown[]), kept.projectId, kept.key, kept.bodyHash, kept.jobId] : parameters,
  );
}

/**
 * Whether the Idempotency-Key, or the object, has made a job before. A request with the same key that is at work just now is
 * waited for: the database lets one of the two insert the key.
 */
function isTaken(error: unknown): boolean {
  const { code, constraint } = error as { code?: string; constraint?: string };
  return code === '23505' && (constraint === 'idempotency_key_pkey' || constraint === 'job_object');
}

/** @throws ProblemError 422 where the key was used for another spec; 409 where the object is another's, of the same name */
async function earlierJob(manager: EntityManager, { projectId, key, bodyHash }: KeptKey): Promise<string> {
  const earlier = await manager.findOneBy(IdempotencyKey, { projectId, key });
  if (!earlier)
    throw new ProblemError(409, 'STATE_CONFLICT', 'the job of an earlier object of this name has not ended');
  if (earlier.bodyHash === bodyHash) return earlier.jobId;
  throw new ProblemError(
    422,
    'IDEMPOTENCY_MISMATCH',
    `this Idempotency-Key was used for another spec (job ${earlier.jobId})`,
  );
}

const DEAD: readonly string[] = ['failed', 'cancelled', 'diverged'];

/** Jobs that are named by job:ID must be the project's, and may still succeed. */
async function assertUsable(manager: EntityManager, owner: Owner, jobs: NewJobs): Promise<void> {
  const own = new Set(jobs.map(({ id }) => id));
  const named = [...new Set(jobs.flatMap(({ dependsOn }) => dependsOn))].filter((id) => !own.has(id));
  if (named.length === 0) return;
  const found = await manager.find(Job, {
    select: { id: true, name: true, kind: true, state: true },
    where: { id: In(named), projectId: owner.id },
    lock: { mode: 'pessimistic_read' },
  });
  for (const id of named) {
    const job = found.find((row) => row.id === id);
    const why = !job
      ? 'there is no such job'
      : job.kind === 'sweep' || job.kind === 'pipeline'
        ? `${job.name} is a ${job.kind}, which has no output of its own; name one of its jobs`
        : DEAD.includes(job.state)
          ? `${job.name} is ${job.state}, and will have no output`
          : null;
    if (why) throw new ProblemError(422, 'JOB_UNUSABLE', `job:${id}: ${why}`);
  }
}
