import { Injectable } from '@nestjs/common';
import { addressOfJob, jobOfAddress, jobsIn, mapAddresses, parseDocument, SubmittedSpec } from '@orestes/contracts';
import { Attempt, Job, newId, Outbox } from '@orestes/database';
import { isParent, isTerminal, REQUESTS, type JobRequest } from '@orestes/jobs';
import { DataSource, Not, type EntityManager } from 'typeorm';
import type { Owner } from '../auth/keys.service.js';
import { Dispatcher } from '../dispatch/dispatcher.js';
import { Changes } from '../http/changes.js';
import { notFound, ProblemError } from '../http/problem.js';
import { changeState, lockJob } from './state.js';
import { newJob, SubmitService, type Guard, type NewJob } from './submit.service.js';
import { transact } from '../http/transact.js';

/** The project that asks. */
type Asker = Pick<Owner, 'id'>;

/** What people ask of jobs that there are. */
@Injectable()
export class RequestsService {
  constructor(
    private readonly database: DataSource,
    private readonly dispatcher: Dispatcher,
    private readonly changes: Changes,
    private readonly submissions: SubmitService,
  ) {}

  /** Ends a job, and all of its children that have not ended. Its worker is stopped after that; what it still says is refused. */
  cancel(owner: Asker, id: string, guard?: Guard): Promise<void> {
    return this.forFamily(owner, id, 'cancel', guard, async (manager, job) => {
      const message = 'asked for';
      await endAttempt(manager, job);
      await changeState(manager, job, { to: 'cancelled', message });
    });
  }

  /** Lets a job save and stop, and its children. */
  suspend(owner: Asker, id: string, guard?: Guard): Promise<void> {
    return this.forFamily(owner, id, 'suspend', guard, async (manager, job) => {
      if (isParent(job)) return; // its children's states are its own
      if (job.state === 'queued') return changeState(manager, job, { to: 'suspended', message: 'asked for' });
      await stopWorker(manager, job);
      await changeState(manager, job, { to: 'suspending', message: 'asked for' });
    });
  }

  /** Puts a suspended job, or the suspended children of a parent, into the queue again. */
  resume(owner: Asker, id: string, guard?: Guard): Promise<void> {
    return this.forFamily(owner, id, 'resume', guard, (manager, job) =>
      changeState(manager, job, { to: 'queued', message: 'resumed', set: { notBefore: null } }),
    );
  }

  /**
   * A new job that does again what failed: with the same spec, and in the same output, so that it goes on from the last
   * checkpoint. Children that had succeeded are kept. Asked twice, it is one new job.
   * @returns the new job's id
   * @throws ProblemError 409 for a job of a sweep or pipeline, which is retried as a whole, and for one that was retried in vain
   */
  async retry(owner: Owner, id: string): Promise<string> {
    const made = await transact(this.database, async (manager) => {
      const job = await owned(manager, owner, id);
      assertAllowed(job, 'retry');
      if (job.parentId !== null)
        throw new ProblemError(
          409,
          'STATE_CONFLICT',
          `retry: ${job.name} is a part of job ${job.parentId}: retry that one`,
        );
      const again = await manager.findOneBy(Job, { retryOf: job.id });
      if (again && (REQUESTS.retry as readonly string[]).includes(again.state))
        throw new ProblemError(
          409,
          'STATE_CONFLICT',
          `retry: ${job.name} was retried as job ${again.id}: retry that one`,
        );
      if (again) return again.id;
      const old = [job, ...(await descendants(manager, job))];
      const ids = new Map(old.map((each) => [each.id, newId()]));
      await this.submissions.insert(
        manager,
        owner,
        old.map((each) => copyOf(each, ids)),
      );
      return ids.get(job.id)!;
    });
    this.dispatcher.poke();
    return made;
  }

  /** Does something to a job and to all below it that are in a fitting state, parents first. */
  private async forFamily(
    owner: Asker,
    id: string,
    request: Exclude<JobRequest, 'retry'>,
    guard: Guard | undefined,
    act: (manager: EntityManager, job: Job) => Promise<void>,
  ): Promise<void> {
    const changed = await transact(this.database, async (manager) => {
      await guard?.(manager);
      const job = await owned(manager, owner, id);
      const fits = ({ state }: Job) => (REQUESTS[request] as readonly string[]).includes(state);
      const below = isParent(job) ? (await descendants(manager, job)).filter(fits) : [];
      if (below.length === 0 || !isParent(job)) assertAllowed(job, request);
      const all = fits(job) ? [job, ...below] : below;
      for (const { id } of all) {
        const each = await lockJob(manager, id);
        if (fits(each)) await act(manager, each); // another transaction may have been faster
      }
      return all;
    });
    for (const job of changed) this.changes.tell(job.id);
    this.dispatcher.poke();
  }
}

async function owned(manager: EntityManager, owner: Asker, id: string): Promise<Job> {
  const job = await lockJob(manager, id);
  if (job.projectId !== owner.id) throw notFound('job', id);
  return job;
}

function assertAllowed(job: Job, request: JobRequest): void {
  const states: readonly string[] = REQUESTS[request];
  if (states.includes(job.state)) return;
  const end = isTerminal(job.state) ? 'it has ended' : `it is ${job.state}`;
  throw new ProblemError(
    409,
    'STATE_CONFLICT',
    `${request}: ${job.name} can't be asked that: ${end} (allowed: ${states.join(', ')})`,
  );
}

/** Children, and theirs; parents first. */
async function descendants(manager: EntityManager, { id }: Job): Promise<Job[]> {
  const rows = await manager.query<{ id: string }[]>(
    `WITH RECURSIVE below AS (
       SELECT id FROM job WHERE parent_id = $1
       UNION ALL SELECT job.id FROM job JOIN below ON job.parent_id = below.id)
     SELECT id FROM below ORDER BY id`,
    [id],
  );
  if (rows.length === 0) return [];
  return manager
    .createQueryBuilder(Job, 'job')
    .where('job.id IN (:...ids)', { ids: rows.map((row) => row.id) })
    .orderBy('job.id')
    .getMany();
}

const liveAttempt = (manager: EntityManager, job: Job): Promise<Attempt | null> =>
  manager.findOneBy(Attempt, { jobId: job.id, epoch: job.epoch, state: Not('ended') });

/** Ends the live attempt, if there is one; its worker is killed after the commit. */
async function endAttempt(manager: EntityManager, job: Job): Promise<void> {
  const attempt = await liveAttempt(manager, job);
  if (!attempt) return;
  await manager.update(Attempt, attempt.id, { state: 'ended', outcome: 'superseded', endedAt: new Date() });
  await manager.insert(Outbox, { attemptId: attempt.id, action: 'kill' });
}

async function stopWorker(manager: EntityManager, job: Job): Promise<void> {
  const attempt = await liveAttempt(manager, job);
  if (attempt) await manager.insert(Outbox, { attemptId: attempt.id, action: 'stop' });
}

/** The same job anew; one that has succeeded as it is. `job:` addresses of its family mean the new ones. */
function copyOf(job: Job, ids: ReadonlyMap<string, string>): NewJob {
  const renamed = (address: string) => {
    const id = jobOfAddress(address);
    return id !== null && ids.has(id) ? addressOfJob(ids.get(id)!) : address;
  };
  const spec = mapAddresses(parseDocument(SubmittedSpec, job.spec, 'spec'), renamed);
  const { projectId, childIndex, kind, name, output, labels, priority, retries, reuse } = job;
  const { state, recipeHash, experiment, base, corpusDigest, flops, result, progress, finishedAt } = job;
  const kept = { state, recipeHash, experiment, base, corpusDigest, flops, result, progress, finishedAt };
  return newJob(isParent(job) ? [] : jobsIn(spec), {
    ...{ id: ids.get(job.id)!, projectId, childIndex, kind, name, spec, output, labels, priority, retries, reuse },
    parentId: job.parentId === null ? null : ids.get(job.parentId)!,
    retryOf: job.id,
    ...(state === 'succeeded' && { ...kept, reusedFrom: job.reusedFrom ?? job.id, message: 'kept' }),
  });
}
