import { Inject, Injectable } from '@nestjs/common';
import {
  specOf,
  type AskRequest,
  type BeginRequest,
  type EndRequest,
  type MirroredJob,
  type RegisterRequest,
  type WaitingRequest,
  parseDocument,
  SubmittedSpec,
} from '@orestes/contracts';
import { Attempt, Job } from '@orestes/database';
import { afterAttempt, objectNameOf } from '@orestes/jobs';
import { DataSource, Not, type EntityManager, type QueryDeepPartialEntity } from 'typeorm';
import { DEFAULT_PROJECT, KeysService } from '../auth/keys.service.js';
import type { ServiceConfig } from '../config.js';
import { Dispatcher } from '../dispatch/dispatcher.js';
import { Changes } from '../http/changes.js';
import { notFound, ProblemError } from '../http/problem.js';
import { transact } from '../http/transact.js';
import { RequestsService } from '../jobs/requests.service.js';
import { applyVerdict, changeState, lockJob } from '../jobs/state.js';
import { SubmitService } from '../jobs/submit.service.js';
import { CONFIG } from '../tokens.js';
import { assertLeader } from './leader.js';
import { mirroredJob } from './mirrored.js';
import { makeAttempt, mayHaveObject } from './publish.js';

const CODES = { lost: 'WORKER_LOST', interrupted: 'INTERRUPTED', failed: 'MAX_RUNTIME' } as const;

/** After which it is asked again whether the jobs that a job waits for have ended. */
const AGAIN_MS = 5000;

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
    const object = `${namespace}/${name}`;
    const guard = async (manager: EntityManager) => {
      await assertLeader(manager, leader);
      // The name is free again, where an object of that name was deleted: its job has ended.
      await manager.query('UPDATE job SET object = NULL WHERE object = $1 AND finished_at IS NOT NULL', [object]);
    };
    const { id } = await this.submissions.submit(owner, submitted, `kubernetes/${uid}`, { object, guard });
    return this.fenced({ leader, object, generation: 1 }, id, () => Promise.resolve());
  }

  /**
   * The job's next attempt begins: from here on it holds what it was given. Asked again, or where it can't begin, nothing
   * happens: the answer says how the job stands.
   */
  begin(id: string, { epoch, graceSeconds, ...from }: BeginRequest): Promise<MirroredJob> {
    return this.fenced(from, id, async (manager, job) => {
      if (job.state !== 'queued' || job.epoch !== epoch - 1) {
        await manager.update(Job, id, { mirroredVersion: 0 }); // who asks that does not know how it stands: it is told again
        return;
      }
      if (!(await makeAttempt(manager, job, epoch, graceSeconds))) {
        await change(manager, job, { notBefore: new Date(Date.now() + AGAIN_MS) });
        return;
      }
      const set = { epoch, notBefore: null };
      await changeState(manager, job, { to: 'admitted', message: 'it has its place in the cluster', set });
      return true;
    });
  }

  /** The pods of an attempt are gone. What their worker told before counts; told again, nothing happens. */
  end(id: string, { epoch, outcome, message, pauseSeconds, ...from }: EndRequest): Promise<MirroredJob> {
    return this.fenced(from, id, async (manager, job) => {
      if (job.epoch !== epoch) return;
      // What ran too long has failed, also where its worker saved when it was asked to end.
      const open =
        outcome === 'failed' && job.state === 'queued'
          ? { outcome: 'interrupted' as const }
          : { state: Not('ended' as const) };
      const ended = { state: 'ended', outcome, endedAt: new Date() } as const;
      const { affected } = await manager.update(Attempt, { jobId: id, epoch, ...open }, ended);
      if (affected === 0) return;
      const ending = { outcome, code: CODES[outcome], message };
      const verdict = afterAttempt(job, ending, this.config.backoffMs);
      await applyVerdict(manager, job, { ...verdict, backoffMs: Math.max(verdict.backoffMs, 1000 * pauseSeconds) });
      return false;
    });
  }

  /** Why the job is still in the queue, or its pods do not run. */
  waiting(id: string, { message, ...from }: WaitingRequest): Promise<MirroredJob> {
    return this.fenced(from, id, async (manager, job) => {
      if ((job.state !== 'queued' && job.state !== 'admitted') || job.waiting === message) return;
      await change(manager, job, { waiting: message });
    });
  }

  /** What somebody asked of the object. A job that can't be asked that any more is left as it is. */
  async ask(id: string, asked: Asked, from: AskRequest): Promise<MirroredJob> {
    const job = await this.database.getRepository(Job).findOneBy({ id });
    if (!job) throw notFound('job', id);
    await this.assertOwn(this.database.manager, job, from.object);
    const guard = (manager: EntityManager) => assertLeader(manager, from.leader);
    await this.requests[asked]({ id: job.projectId }, id, guard).catch((error: unknown) => {
      if (!(error instanceof ProblemError) || error.code !== 'STATE_CONFLICT') throw error;
    });
    return this.fenced(from, id, () => Promise.resolve());
  }

  /**
   * Does something under the job's lock, if no newer leader has written, and for the job's own object alone.
   * @param act tells whether the newest attempt is live after that, where it knows
   * @returns the job as it stands then
   * @throws ProblemError 404, 409 OBJECT_FOREIGN
   */
  private async fenced(
    { leader, object, generation }: AskRequest,
    id: string,
    act: (manager: EntityManager, job: Job) => Promise<boolean | void>,
  ): Promise<MirroredJob> {
    const mirrored = await transact(this.database, async (manager) => {
      await assertLeader(manager, leader);
      const job = await lockJob(manager, id);
      await this.assertOwn(manager, job, object);
      // The operator may be quicker than the note of who made the object; and who made it may be gone.
      if (job.object === null) await change(manager, job, { object, mirroredAt: new Date() });
      if (job.generation < generation) await change(manager, job, { generation });
      const live = await act(manager, job);
      const attempt = live === undefined ? await this.attemptAt(manager, job) : null;
      return mirroredJob(job, live ?? (attempt !== null && attempt.state !== 'ended'), null);
    });
    this.changes.tell(id);
    this.dispatcher.poke();
    return mirrored;
  }

  /** Anybody who may make objects may write another job's id on theirs, and its name. */
  private async assertOwn(manager: EntityManager, job: Job, object: string): Promise<void> {
    const isItsName = object === `${this.config.cluster!.namespace}/${objectNameOf(job)}`;
    if (job.object === null ? isItsName && (await mayHaveObject(manager, job.id)) : job.object === object) return;
    throw new ProblemError(409, 'OBJECT_FOREIGN', `metadata.labels.orestes.dev/job: job ${job.id} is not ${object}'s`);
  }

  private attemptAt(manager: EntityManager, { id, epoch }: Job): Promise<Attempt | null> {
    return manager.findOneBy(Attempt, { jobId: id, epoch });
  }
}

/** Changes columns that a reader can see. The caller holds the job's lock. */
async function change(manager: EntityManager, job: Job, columns: Partial<Job>): Promise<void> {
  Object.assign(job, columns, { version: job.version + 1 });
  await manager.update(Job, job.id, { ...columns, version: job.version } as QueryDeepPartialEntity<Job>);
}
