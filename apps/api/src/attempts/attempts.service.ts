import { Inject, Injectable } from '@nestjs/common';
import {
  JobSpec,
  parseDocument,
  type AttemptCommand,
  type AttemptEnd,
  type AttemptIdentity,
  type AttemptOrder,
  type AttemptReport,
  type AttemptStart,
  type AttemptTwin,
} from '@orestes/contracts';
import { Attempt, Job } from '@orestes/database';
import { afterAttempt, attemptIdOf, attemptOfPod } from '@orestes/jobs';
import { DataSource, type EntityManager } from 'typeorm';
import { matches } from '../auth/token.js';
import type { ClusterIdentity } from '../cluster/identity.js';
import type { ServiceConfig } from '../config.js';
import { Dispatcher } from '../dispatch/dispatcher.js';
import { HEARD } from '../dispatch/heard.js';
import { Changes } from '../http/changes.js';
import { ProblemError } from '../http/problem.js';
import { withOutputs } from '../jobs/addresses.js';
import { applyVerdict, changeState, lockJob } from '../jobs/state.js';
import { CONFIG, IDENTITY } from '../tokens.js';
import { saveItems } from './items.js';
import { registerProducts } from './products.js';
import { twinsOf } from './twins.js';
import { transact } from '../http/transact.js';

/** The attempt that a worker's token belongs to. */
export type Worker = Pick<Attempt, 'id' | 'jobId' | 'tokenHash'>;

/** A service that was restarted may have launched another worker meanwhile. In a cluster attempts have no token of ours. */
const sameToken = (attempt: Attempt, { tokenHash }: Worker) =>
  attempt.tokenHash === null ? tokenHash === null : tokenHash !== null && attempt.tokenHash.equals(tokenHash);

const superseded = () =>
  new ProblemError(409, 'ATTEMPT_SUPERSEDED', 'the job was cancelled, has ended, or goes on in another attempt');

/** What workers tell. Everything is fenced: an attempt that is not its job's newest, or has ended, is refused. */
@Injectable()
export class AttemptsService {
  constructor(
    private readonly database: DataSource,
    private readonly dispatcher: Dispatcher,
    private readonly changes: Changes,
    @Inject(CONFIG) private readonly config: ServiceConfig,
    @Inject(IDENTITY) private readonly pods: ClusterIdentity | null,
  ) {}

  /** @throws ProblemError 401; in a cluster 503 for an attempt that has not begun */
  async authenticate(id: string, token: string | null): Promise<Worker> {
    const attempt = await this.database.getRepository(Attempt).findOneBy({ id });
    if (this.pods && token !== null) return this.podOf(this.pods, id, attempt, token);
    if (attempt && token !== null && matches(token, attempt.tokenHash)) return attempt;
    throw new ProblemError(401, 'TOKEN_UNKNOWN', "this is not the attempt's token");
  }

  /** A pod is its attempt's by its name, which its token tells: a pod can't choose it. */
  private async podOf(pods: ClusterIdentity, id: string, attempt: Attempt | null, token: string): Promise<Worker> {
    const { namespace, worker } = this.config.cluster!;
    const caller = await pods.callerOf(token);
    const own = caller?.account === worker && caller.pod !== null ? attemptOfPod(caller.pod) : null;
    const job = own && (await this.database.getRepository(Job).findOneBy({ object: `${namespace}/${own.object}` }));
    if (!job || attemptIdOf(job.id, own.epoch) !== id)
      throw new ProblemError(401, 'TOKEN_UNKNOWN', "this is not the token of the attempt's pod");
    if (attempt) return attempt;
    // Whoever unsuspended its Job may have been faster than the operator, which is to tell of it.
    throw new ProblemError(503, 'ATTEMPT_NOT_BEGUN', 'this attempt has not begun', undefined, 1);
  }

  /** The first process that asks gets the job; another one is refused. */
  async start(worker: Worker, { process, host, pid }: AttemptStart): Promise<AttemptOrder> {
    return this.fenced(worker, async (manager, job, attempt) => {
      if (attempt.process !== null && attempt.process !== process) throw superseded();
      const spec = await withOutputs(manager, job.projectId, job.spec);
      if (attempt.process === null) {
        const columns = { process, host, pid, state: 'starting', startedAt: new Date(), heartbeatAt: HEARD } as const;
        await manager.update(Attempt, attempt.id, columns);
        if (job.state === 'admitted')
          await changeState(manager, job, { to: 'starting', message: `attempt ${attempt.epoch} on ${host}` });
      }
      return { job: job.id, epoch: attempt.epoch, spec: parseDocument(JobSpec, spec, 'spec'), reuse: job.reuse };
    });
  }

  /** Notes what the job is by content, and looks for an equal one whose result may stand for it. */
  async identity(worker: Worker, identity: AttemptIdentity): Promise<AttemptTwin> {
    return this.fenced(worker, async (manager, job, attempt) => {
      const { recipeHash, experiment, base, flops, corpus } = identity;
      await manager.update(Job, job.id, { recipeHash, experiment, base, flops, corpusDigest: corpus });
      await begin(manager, job, attempt);
      const where = twinsOf({ ...job, recipeHash });
      // The newest one's output is the likeliest to be there still.
      const twin = where && (await manager.findOne(Job, { where, order: { id: 'DESC' } }));
      return { twin: twin && twin.output !== null ? { job: twin.id, output: twin.output } : null };
    });
  }

  async report(worker: Worker, report: AttemptReport): Promise<AttemptCommand> {
    return this.fenced(worker, async (manager, job, attempt) => {
      await begin(manager, job, attempt);
      if (report.first > attempt.received)
        throw new ProblemError(
          400,
          'INVALID_SPEC',
          `report.first: ${report.first} leaves out reports (${attempt.received} were taken)`,
        );
      const fresh = report.items.slice(Math.max(0, attempt.received - report.first));
      const received = Math.max(attempt.received, report.first + report.items.length);
      await saveItems(manager, job, attempt.epoch, fresh);
      await manager.update(Attempt, attempt.id, { received, heartbeatAt: HEARD });
      if (report.progress) await manager.update(Job, job.id, { progress: report.progress, version: job.version + 1 });
      return { command: job.state === 'suspending' ? 'stop' : 'continue' };
    });
  }

  /** The end as the worker tells it. Told twice, it counts once. @throws ProblemError 422 for another's result that is no twin's */
  async end(worker: Worker, end: AttemptEnd): Promise<Record<string, never>> {
    const again = (attempt: Attempt) => attempt.state === 'ended' && attempt.outcome === end.outcome;
    const act = async (manager: EntityManager, job: Job, attempt: Attempt) => {
      if (again(attempt)) return;
      await manager.update(Attempt, attempt.id, { state: 'ended', outcome: end.outcome, endedAt: new Date() });
      const succeeded = end.outcome === 'succeeded';
      const set = succeeded ? { result: end.result, reusedFrom: end.reusedFrom } : {};
      if (succeeded) await registerProducts(manager, job, end.result, end.reusedFrom);
      await applyVerdict(manager, job, afterAttempt(job, end, this.config.backoffMs), set);
    };
    await this.fenced(worker, act, again);
    this.dispatcher.poke();
    return {};
  }

  /** Does something under the job's lock, if the attempt is its newest and has not ended, or is `allowed` all the same. */
  private async fenced<T>(
    worker: Worker,
    act: (manager: EntityManager, job: Job, attempt: Attempt) => Promise<T>,
    allowed: (attempt: Attempt) => boolean = () => false,
  ): Promise<T> {
    const done = await transact(this.database, async (manager) => {
      const job = await lockJob(manager, worker.jobId);
      const attempt = await manager.findOneByOrFail(Attempt, { id: worker.id });
      const fits = attempt.epoch === job.epoch && (attempt.state !== 'ended' || allowed(attempt));
      if (!fits || !sameToken(attempt, worker)) throw superseded();
      return act(manager, job, attempt);
    });
    this.changes.tell(worker.jobId);
    return done;
  }
}

/** The first sign of a worker at work. */
async function begin(manager: EntityManager, job: Job, { id, epoch }: Attempt): Promise<void> {
  if (job.state !== 'starting') return;
  await manager.update(Attempt, id, { state: 'running' });
  await changeState(manager, job, { to: 'running', message: `attempt ${epoch} has begun` });
}
