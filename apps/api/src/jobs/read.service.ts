import { Inject, Injectable } from '@nestjs/common';
import { jobsIn, type JobDocument, type JobList, type JobState, type JobKind } from '@orestes/contracts';
import { Attempt, Job } from '@orestes/database';
import { isParent, isTerminal, MOST_AHEAD, requestsFor, why } from '@orestes/jobs';
import { DataSource, type SelectQueryBuilder } from 'typeorm';
import type { Owner } from '../auth/keys.service.js';
import type { ServiceConfig } from '../config.js';
import { notFound } from '../http/problem.js';
import { CONFIG } from '../tokens.js';
import { attemptOf, SUMMARY, summaryOf } from './documents.js';

export interface JobFilter {
  limit: number;
  cursor?: string | undefined;
  state?: JobState[] | undefined;
  kind?: JobKind[] | undefined;
  /** `name=value`, all of them. */
  label?: string[] | undefined;
  name?: string | undefined;
  parent?: string | undefined;
  /** Jobs without a parent alone. */
  root: boolean;
}

/** Jobs that are looked through one by one for a label. */
const NEWEST = 2000;

@Injectable()
export class ReadService {
  constructor(
    private readonly database: DataSource,
    @Inject(CONFIG) private readonly config: ServiceConfig,
  ) {}

  /** Newest first. */
  async list(owner: Owner, filter: JobFilter): Promise<JobList> {
    const jobs = await (filter.label ? this.labelled(owner, filter) : this.page(owner, filter).getMany());
    const items = jobs.slice(0, filter.limit).map(summaryOf);
    return { items, next: jobs.length > filter.limit ? items.at(-1)!.id : null };
  }

  private fitting(owner: Owner, filter: JobFilter): SelectQueryBuilder<Job> {
    const query = this.database.getRepository(Job).createQueryBuilder('job');
    return narrow(query.where('job.project_id = :project', { project: owner.id }), filter);
  }

  /** One job more than the page has tells that there is a next one. */
  private page(owner: Owner, filter: JobFilter): SelectQueryBuilder<Job> {
    return summaries(this.fitting(owner, filter)).limit(filter.limit + 1);
  }

  /**
   * Labels have an index, which knows no order. Jobs one by one from the newest on would take long where those that fit are
   * old, and all that fit, sorted, where they are many: so it is the one for the newest jobs, and the other for the rest.
   */
  private async labelled(owner: Owner, filter: JobFilter): Promise<Job[]> {
    const { limit, cursor } = filter;
    const newest = this.fitting(owner, { limit, cursor, root: false });
    const last = await newest.select('job.id').orderBy('job.id', 'DESC').offset(NEWEST).limit(1).getOne();
    if (last === null) return this.page(owner, filter).getMany();
    const found = await this.page(owner, filter).andWhere('job.id > :last', { last: last.id }).getMany();
    const missing = limit + 1 - found.length;
    if (missing === 0) return found;
    const all = this.fitting(owner, filter).select('job.id').andWhere('job.id <= :last', { last: last.id });
    const rest = this.database
      .getRepository(Job)
      .createQueryBuilder('job')
      .addCommonTableExpression(all, 'fitting', { columnNames: ['id'], materialized: true })
      .where(`job.id IN (SELECT id FROM fitting ORDER BY id DESC LIMIT ${missing})`)
      .setParameters(all.getParameters());
    return [...found, ...(await summaries(rest).getMany())];
  }

  /** @throws ProblemError 404 for what is not there, or another project's */
  async find(owner: Owner, id: string): Promise<Job> {
    const job = await this.database.getRepository(Job).findOneBy({ id, projectId: owner.id });
    if (!job) throw notFound('job', id);
    return job;
  }

  /** @param known the job's row, where it was read or written just now */
  async document(owner: Owner, id: string, known: Job | null = null): Promise<JobDocument> {
    const job = known ?? (await this.find(owner, id));
    const [attempts, needed, children] = await Promise.all([this.attempts(job), this.needed(job), this.children(job)]);
    return {
      ...summaryOf(job),
      why: await this.whyOf(job, needed, children),
      message: job.message,
      spec: job.spec,
      output: job.output,
      actions: requestsFor({ state: job.state, parentId: job.parentId, children }),
      dependsOn: needed.map((on) => on.id),
      children: children.map(({ id, name, kind, state }) => ({ id, name, kind, state })),
      reusedFrom: job.reusedFrom,
      retryOf: job.retryOf,
      retries: job.retries,
      failures: job.failures,
      attempts: attempts.map(attemptOf),
      result: job.result,
      version: job.version,
    };
  }

  /** A job that was never admitted has none. */
  private async attempts({ id, epoch }: Job): Promise<Attempt[]> {
    if (epoch === 0) return [];
    return this.database.getRepository(Attempt).find({ where: { jobId: id }, order: { epoch: 'ASC' } });
  }

  /** Jobs that the spec's addresses name; parents leave them to their children. */
  private async needed(job: Job): Promise<Pick<Job, 'id' | 'name' | 'state'>[]> {
    if (isParent(job) || jobsIn(job.spec).length === 0) return [];
    return this.database.query(
      'SELECT job.id, name, state FROM dependency JOIN job ON job.id = on_id WHERE job_id = $1 ORDER BY job.id',
      [job.id],
    );
  }

  private async children(job: Job): Promise<Pick<Job, 'id' | 'name' | 'kind' | 'state'>[]> {
    if (!isParent(job)) return [];
    return this.database.getRepository(Job).find({
      select: { id: true, name: true, kind: true, state: true },
      where: { parentId: job.id },
      order: { childIndex: 'ASC' },
    });
  }

  private async whyOf(
    job: Job,
    needed: readonly Pick<Job, 'name' | 'state'>[],
    children: readonly Pick<Job, 'state'>[],
  ): Promise<string> {
    const count = (fits: (state: JobState) => boolean) => children.filter(({ state }) => fits(state)).length;
    const inCluster = this.config.cluster !== null;
    const { held, ahead } = job.state === 'queued' && !inCluster ? await this.queue(job) : { held: 0, ahead: 0 };
    return why({
      state: job.state,
      message: job.message,
      reason: job.reason,
      waitingFor: needed.filter(({ state }) => state !== 'succeeded'),
      notBefore: job.notBefore,
      now: new Date(),
      failures: job.failures,
      retries: job.retries,
      slots: inCluster ? null : { held, all: this.config.slots },
      waiting: job.waiting,
      ahead,
      children:
        children.length > 0
          ? { ended: count(isTerminal), suspended: count((state) => state === 'suspended'), all: children.length }
          : null,
      progress: job.progress,
    });
  }

  /** Slots held, and jobs that would start before this one. */
  private async queue({ priority, id }: Job): Promise<{ held: number; ahead: number }> {
    const [queue] = await this.database.query<[{ held: number; ahead: number }]>(
      `SELECT (SELECT count(*)::int FROM attempt WHERE state <> 'ended') AS held,
         (SELECT count(*)::int FROM (SELECT FROM job
            WHERE state = 'queued' AND kind NOT IN ('sweep', 'pipeline') AND (priority > $1 OR (priority = $1 AND id < $2))
            LIMIT ${MOST_AHEAD + 1}) AS before) AS ahead`,
      [priority, id],
    );
    return queue;
  }
}

const summaries = (query: SelectQueryBuilder<Job>) =>
  query.select(SUMMARY.map((column) => `job.${column}`)).orderBy('job.id', 'DESC');

function narrow(
  query: SelectQueryBuilder<Job>,
  { cursor, state, kind, label, name, parent, root }: JobFilter,
): SelectQueryBuilder<Job> {
  if (cursor !== undefined) query.andWhere('job.id < :cursor', { cursor });
  if (state) query.andWhere('job.state IN (:...state)', { state });
  if (kind) query.andWhere('job.kind IN (:...kind)', { kind });
  if (label) query.andWhere('job.labels @> :label', { label });
  if (name !== undefined) query.andWhere('job.name = :name', { name });
  if (parent !== undefined) query.andWhere('job.parent_id = :parent', { parent });
  if (root) query.andWhere('job.parent_id IS NULL');
  return query;
}
