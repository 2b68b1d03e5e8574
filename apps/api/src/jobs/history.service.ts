import { Injectable } from '@nestjs/common';
import type { JobEvent, JobMetric, LogLine as LogLineDocument } from '@orestes/contracts';
import { Event, Job, LogLine, Metric } from '@orestes/database';
import { isTerminal } from '@orestes/jobs';
import type { Response } from 'express';
import { DataSource, MoreThan } from 'typeorm';
import { Changes } from '../http/changes.js';
import { streamRows, type Row } from '../http/sse.js';

const PAGE = 1000;

/** What a job has told, in order; each kind can be read by pages and as a stream. */
@Injectable()
export class HistoryService {
  constructor(
    private readonly database: DataSource,
    private readonly changes: Changes,
  ) {}

  async events(job: string, after: number, limit = PAGE): Promise<JobEvent[]> {
    const rows = await this.rows(Event, job, after, limit);
    return rows.map(({ jobId: _, ...row }) => ({ ...row, time: row.time.toISOString() }) as JobEvent);
  }

  async logs(job: string, after: number, limit = PAGE): Promise<LogLineDocument[]> {
    const rows = await this.rows(LogLine, job, after, limit);
    return rows.map(({ id, time, attempt, text }) => ({ id, time: time.toISOString(), attempt, text }));
  }

  async metrics(job: string, after: number, limit = PAGE): Promise<JobMetric[]> {
    const rows = await this.rows(Metric, job, after, limit);
    return rows.map(({ id, step, split, time, values }) => ({ id, step, split, time: time.toISOString(), values }));
  }

  stream<T extends Row>(
    job: string,
    response: Response,
    from: number,
    after: (id: number) => Promise<T[]>,
  ): Promise<void> {
    return streamRows(response, from, {
      after,
      isOver: async () => {
        const found = await this.database
          .getRepository(Job)
          .findOne({ select: { id: true, state: true }, where: { id: job } });
        return !found || isTerminal(found.state);
      },
      changed: () => this.changes.of(job),
    });
  }

  private rows<T extends Event | LogLine | Metric>(
    entity: new () => T,
    jobId: string,
    after: number,
    limit: number,
  ): Promise<T[]> {
    const where = { jobId, id: MoreThan(after) } as never;
    return this.database.getRepository(entity).find({ where, order: { id: 'ASC' } as never, take: limit });
  }
}
