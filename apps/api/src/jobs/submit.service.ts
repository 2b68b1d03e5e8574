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

/** A job's row before it is written. */
export type NewJob = QueryDeepPartialEntity<Job> & Pick<Job, 'id' | 'state'>;

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
   * @returns the job's id
   */
  async submit(owner: Owner, spec: SubmittedSpec, key: string | null): Promise<string> {
    const jobs = this.jobsOf(owner, expand(spec, newId));
    const bodyHash = documentHash(spec);
    const id = await transact(this.database, async (manager) => {
      const earlier = key === null ? null : await earlierJob(manager, owner, key, bodyHash);
      if (earlier !== null) return earlier;
      await this.insert(manager, owner, jobs);
      const { id } = jobs[0]!;
      if (key !== null) await manager.insert(IdempotencyKey, { projectId: owner.id, key, bodyHash, jobId: id });
      return id;
    });
    this.dispatcher.poke();
    return id;
  }

  /** Rows of the jobs. @throws UserError about a spec */
  jobsOf(owner: Owner, nodes: readonly JobNode[]): (NewJob & { dependsOn: string[] })[] {
    return nodes.map(({ id, parent, index, spec, dependsOn }) => {
      assertAllowed(spec, owner, this.config);
      const isParent = spec.kind === 'sweep' || spec.kind === 'pipeline';
      const output = isParent ? null : (spec.output ?? joinAddress(this.config.outputs, `${owner.name}/${id}`));
      return {
        id,
        projectId: owner.id,
        parentId: parent,
        childIndex: index,
        kind: spec.kind,
        name: spec.name,
        state: 'queued',
        spec: (isParent ? spec : resolveSpec(spec, output!)) as never,
        output,
        labels: labelTexts(spec.labels),
        priority: spec.priority,
        retries: spec.retries,
        // An output that the user has chosen is to hold the job's files.
        reuse: spec.reuse && !isParent && spec.output === undefined,
        dependsOn,
      };
    });
  }

  async insert(manager: EntityManager, owner: Owner, jobs: (NewJob & { dependsOn: string[] })[]): Promise<void> {
    await assertUsable(manager, owner, jobs);
    for (let i = 0; i < jobs.length; i += ROWS) await insertRows(manager, jobs.slice(i, i + ROWS));
    const edges = jobs.flatMap(({ id, dependsOn }) => dependsOn.map((on) => ({ jobId: id, onId: on })));
    for (let i = 0; i < edges.length; i += ROWS) await manager.insert(Dependency, edges.slice(i, i + ROWS));
  }
}

/** Jobs, and the first event of each, in one statement: a round trip costs as much as the rows. */
async function insertRows(manager: EntityManager, jobs: readonly (NewJob & { dependsOn: string[] })[]): Promise<void> {
  const [rows, parameters] = manager
    .createQueryBuilder()
    .insert()
    .into(Job)
    .values(jobs.map(({ dependsOn: _, ...row }) => row))
    .returning(['id', 'state'])
    .getQueryAndParameters();
  await manager.query(
    `WITH submitted AS (${rows})
     INSERT INTO event (job_id, type, state, message) SELECT id, 'state', state, 'submitted' FROM submitted`,
    parameters,
  );
}

/** The job that this key made before; null for a new key. One submission with a key is at work at a time. */
async function earlierJob(manager: EntityManager, owner: Owner, key: string, bodyHash: string): Promise<string | null> {
  const [{ free }] = await manager.query<[{ free: boolean }]>(
    'SELECT pg_try_advisory_xact_lock(hashtextextended($1, 0)) AS free',
    [`${owner.id} ${key}`],
  );
  if (!free)
    throw new ProblemError(
      409,
      'IDEMPOTENCY_IN_FLIGHT',
      'a request with this Idempotency-Key is at work; ask again in a second',
      undefined,
      1,
    );
  const earlier = await manager.findOneBy(IdempotencyKey, { projectId: owner.id, key });
  if (!earlier) return null;
  if (earlier.bodyHash === bodyHash) return earlier.jobId;
  throw new ProblemError(
    422,
    'IDEMPOTENCY_MISMATCH',
    `this Idempotency-Key was used for another spec (job ${earlier.jobId})`,
  );
}

const DEAD: readonly string[] = ['failed', 'cancelled', 'diverged'];

/** Jobs that are named by job:ID must be the project's, and may still succeed. */
async function assertUsable(
  manager: EntityManager,
  owner: Owner,
  jobs: readonly (NewJob & { dependsOn: string[] })[],
): Promise<void> {
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
