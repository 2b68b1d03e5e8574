import { Inject, Injectable } from '@nestjs/common';
import type { JobDocument, JobList, JobState, JobKind } from '@orestes/contracts';
import { Attempt, Dependency, Job } from '@orestes/database';
import { isTerminal, why } from '@orestes/jobs';
import { DataSource, In, type SelectQueryBuilder } from 'typeorm';
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

/** Beyond so many nobody counts. */
const MOST_AHEAD = 10_000;

@Injectable()
export class ReadService {
  constructor(
    private readonly database: DataSource,
    @Inject(CONFIG) private readonly config: ServiceConfig,
  ) {}

  /** Newest first. */
  async list(owner: Owner, filter: JobFilter): Promise<JobList> {
    const query = this.database
      .getRepository(Job)
      .createQueryBuilder('job')
      .select(SUMMARY.map((column) => `job.${column}`))
      .where('job.project_id = :project', { project: owner.id })
      .orderBy('job.id', 'DESC')
      .limit(filter.limit + 1);
    narrow(query, filter);
    const jobs = await query.getMany();
    const items = jobs.slice(0, filter.limit).map(summaryOf);
    return { items, next: jobs.length > filter.limit ? items.at(-1)!.id : null };
  }

  /** @throws ProblemError 404 for what is not there, or another project's */
  async find(owner: Owner, id: string): Promise<Job> {
    const job = await this.database.getRepository(Job).findOneBy({ id, projectId: owner.id });
    if (!job) throw notFound('job');
    return job;
  }

  async document(owner: Owner, id: string): Promise<JobDocument> {
    const job = await this.find(owner, id);
    const jobs = this.database.getRepository(Job);
    const [attempts, dependencies, children] = await Promise.all([
      this.database.getRepository(Attempt).find({ where: { jobId: id }, order: { epoch: 'ASC' } }),
      this.database.getRepository(Dependency).find({ where: { jobId: id }, relations: { on: true } }),
      jobs.find({
        select: { id: true, name: true, kind: true, state: true },
        where: { parentId: id },
        order: { childIndex: 'ASC' },
      }),
    ]);
    const needed = dependencies.map(({ on }) => on).sort((a, b) => (a.id < b.id ? -1 : 1));
    return {
      ...summaryOf(job),
      why: await this.whyOf(job, needed, children),
      message: job.message,
      spec: job.spec,
      output: job.output,
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

  private async whyOf(job: Job, needed: readonly Job[], children: readonly Job[]): Promise<string> {
    const queued = job.state === 'queued';
    return why({
      state: job.state,
      message: job.message,
      reason: job.reason,
      waitingFor: needed.filter(({ state }) => state !== 'succeeded'),
      notBefore: job.notBefore,
      now: new Date(),
      failures: job.failures,
      retries: job.retries,
      slots: { held: queued ? await this.held() : 0, all: this.config.slots },
      ahead: queued ? await this.ahead(job) : 0,
      children:
        children.length > 0
          ? { ended: children.filter(({ state }) => isTerminal(state)).length, all: children.length }
          : null,
      progress: job.progress,
    });
  }

  private held(): Promise<number> {
    return this.database.getRepository(Attempt).count({ where: { state: In(['admitted', 'starting', 'running']) } });
  }

  private async ahead({ priority, id }: Job): Promise<number> {
    const [{ count }] = await this.database.query<[{ count: number }]>(
      `SELECT count(*)::int AS count FROM (SELECT 1 FROM job
         WHERE state = 'queued' AND kind NOT IN ('sweep', 'pipeline') AND (priority > $1 OR (priority = $1 AND id < $2))
         LIMIT ${MOST_AHEAD}) AS before`,
      [priority, id],
    );
    return count;
  }
}

function narrow(query: SelectQueryBuilder<Job>, { cursor, state, kind, label, name, parent, root }: JobFilter): void {
  if (cursor !== undefined) query.andWhere('job.id < :cursor', { cursor });
  if (state) query.andWhere('job.state IN (:...state)', { state });
  if (kind) query.andWhere('job.kind IN (:...kind)', { kind });
  if (label) query.andWhere('job.labels @> :label', { label });
  if (name !== undefined) query.andWhere('job.name = :name', { name });
  if (parent !== undefined) query.andWhere('job.parent_id = :parent', { parent });
  if (root) query.andWhere('job.parent_id IS NULL');
}
