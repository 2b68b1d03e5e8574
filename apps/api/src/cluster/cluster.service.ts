import { Inject, Injectable } from '@nestjs/common';
import {
  specOf,
  type BeginRequest,
  type EndRequest,
  type MirroredJob,
  type RegisterRequest,
  type WaitingRequest,
  parseDocument,
  SubmittedSpec,
} from '@orestes/contracts';
import { Attempt, Job } from '@orestes/database';
import { afterAttempt, attemptIdOf } from '@orestes/jobs';
import { DataSource, type EntityManager } from 'typeorm';
import { DEFAULT_PROJECT, KeysService } from '../auth/keys.service.js';
import type { ServiceConfig } from '../config.js';
import { Dispatcher } from '../dispatch/dispatcher.js';
import { Changes } from '../http/changes.js';
import { ProblemError } from '../http/problem.js';
import { transact } from '../http/transact.js';
import { RequestsService } from '../jobs/requests.service.js';
import { applyVerdict, changeState, lockJob } from '../jobs/state.js';
import { SubmitService } from '../jobs/submit.service.js';
import { CONFIG } from '../tokens.js';
import { assertLeader } from './leader.js';
import { mirroredJob } from './mirrored.js';

const CODES = { lost: 'WORKER_LOST', interrupted: 'INTERRUPTED', failed: 'MAX_RUNTIME' } as const;

type Asked = 'cancel' | 'suspend' | 'resume';

/** What the operator tells of pods, and asks for objects. Everything is fenced by the term that it leads in. */
@Injectable()
export class ClusterService {
  constructor(
    private readonly database: DataSource,
    private readonly keys: KeysService,
    private readonly submissions: SubmitService,
    private readonly requests: RequestsService,
    private readonly dispatcher: Dispatcher,
    private readonly changes: Changes,
    @Inject(CONFIG) private readonly config: ServiceConfig,
  ) {}

  /** A job for an object that was written by hand; the same object always gives the same job. */
  async register({ leader, namespace, name, uid, spec }: RegisterRequest): Promise<MirroredJob> {
    const owner = await this.keys.project(DEFAULT_PROJECT);
    const submitted = parseDocument(SubmittedSpec, specOf({ spec }), 'spec');
    const guard = (manager: EntityManager) => assertLeader(manager, leader);
    const object = `${namespace}/${name}`;
    const { id } = await this.submissions.submit(owner, submitted, `kubernetes/${uid}`, { object, guard });
    return this.fenced(leader, id, () => Promise.resolve());
  }

  /**
   * The job's next attempt begins: from here on it holds what it was given. Asked again, nothing happens.
   * @throws ProblemError 409 where the job is not in the queue, or another attempt is due
   */
  begin(id: string, { leader, epoch }: BeginRequest): Promise<MirroredJob> {
    return this.fenced(leader, id, async (manager, job) => {
      if (job.epoch === epoch && (await this.attemptAt(manager, job))?.state !== 'ended') return;
      if (job.state !== 'queued' || job.epoch !== epoch - 1)
        throw new ProblemError(409, 'STATE_CONFLICT', `attempt ${epoch} can't begin: ${job.name} is ${job.state}`);
      await manager.insert(Attempt, { id: attemptIdOf(id, epoch), jobId: id, epoch, state: 'admitted' });
      const set = { epoch, notBefore: null, waiting: null };
      await changeState(manager, job, { to: 'admitted', message: 'it has its place in the cluster', set });
    });
  }

  /** The pods of an attempt are gone. What their worker told before counts; told again, nothing happens. */
  end(id: string, { leader, epoch, outcome, message }: EndRequest): Promise<MirroredJob> {
    return this.fenced(leader, id, async (manager, job) => {
      const attempt = await this.attemptAt(manager, job);
      if (job.epoch !== epoch || !attempt || attempt.state === 'ended') return;
      await manager.update(Attempt, attempt.id, { state: 'ended', outcome, endedAt: new Date() });
      const ending = { outcome, code: CODES[outcome], message };
      await applyVerdict(manager, job, afterAttempt(job, ending, this.config.backoffMs));
    });
  }

  /** Why the job is still in the queue. */
  waiting(id: string, { leader, message }: WaitingRequest): Promise<MirroredJob> {
    return this.fenced(leader, id, async (manager, job) => {
      if (job.state === 'queued') await manager.update(Job, id, { waiting: message });
    });
  }

  /** What somebody asked of the object. A job that can't be asked that any more is left as it is. */
  async ask(id: string, asked: Asked, leader: number): Promise<MirroredJob> {
    const { projectId } = await this.database.getRepository(Job).findOneByOrFail({ id });
    const guard = (manager: EntityManager) => assertLeader(manager, leader);
    await this.requests[asked]({ id: projectId }, id, guard).catch((error: unknown) => {
      if (!(error instanceof ProblemError) || error.code !== 'STATE_CONFLICT') throw error;
    });
    return this.fenced(leader, id, () => Promise.resolve());
  }

  /** Does something under the job's lock, if no newer leader has written. @returns the job as it stands then */
  private async fenced(
    leader: number,
    id: string,
    act: (manager: EntityManager, job: Job) => Promise<void>,
  ): Promise<MirroredJob> {
    const mirrored = await transact(this.database, async (manager) => {
      await assertLeader(manager, leader);
      const job = await lockJob(manager, id);
      await act(manager, job);
      const attempt = await this.attemptAt(manager, job);
      return mirroredJob(job, attempt !== null && attempt.state !== 'ended', null);
    });
    this.changes.tell(id);
    this.dispatcher.poke();
    return mirrored;
  }

  private attemptAt(manager: EntityManager, { id, epoch }: Job): Promise<Attempt | null> {
    return manager.findOneBy(Attempt, { jobId: id, epoch });
  }
}
