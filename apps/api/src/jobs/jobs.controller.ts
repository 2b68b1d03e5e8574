import { Body, Controller, Get, Headers, HttpCode, Param, Post, Query, Req, Res } from '@nestjs/common';
import {
  CheckpointList,
  JobDocument,
  JobEvents,
  JobList,
  JobMetrics,
  LogLines,
  parseDocument,
  PlanDocument,
  SubmittedSpec,
} from '@orestes/contracts';
import type { Request, Response } from 'express';
import type { z } from 'zod';
import { Acting } from '../auth/auth.guard.js';
import type { Owner } from '../auth/keys.service.js';
import { Documented } from '../http/documented.js';
import { idOf, queryOf } from '../http/parameters.js';
import { ProblemError } from '../http/problem.js';
import { positionOf, wantsStream, type Row } from '../http/sse.js';
import { examples } from './examples.js';
import { HistoryService } from './history.service.js';
import { PlanService } from './plan.service.js';
import { ProductsService } from '../products/products.service.js';
import { ListQuery, PageQuery, SubmitQuery } from './queries.js';
import { ReadService } from './read.service.js';
import { RequestsService } from './requests.service.js';
import { SubmitService } from './submit.service.js';

const tag = 'jobs';
const STREAM =
  "With `Accept: text/event-stream` a stream: one message an item, its id the item's; Last-Event-ID goes on after one; a message `end` when the job has ended.";

@Controller('jobs')
export class JobsController {
  constructor(
    private readonly submissions: SubmitService,
    private readonly plans: PlanService,
    private readonly jobs: ReadService,
    private readonly requests: RequestsService,
    private readonly history: HistoryService,
    private readonly products: ProductsService,
  ) {}

  @Post()
  @Documented({
    tag,
    summary: 'Submit a job',
    description:
      'Addresses are paths on the machine that serves, file://, s3://, or job:ID for the output of another job.',
    query: SubmitQuery,
    headers: { 'idempotency-key': 'The same key and spec give the same job, however often they are sent.' },
    body: { schema: SubmittedSpec, examples },
    answers: { 200: PlanDocument, 202: JobDocument },
    problems: [409, 422],
  })
  async submit(
    @Acting() owner: Owner,
    @Body() body: unknown,
    @Query() query: unknown,
    @Headers('idempotency-key') key: string | undefined,
    @Res({ passthrough: true }) response: Response,
  ): Promise<JobDocument | PlanDocument> {
    const { dryRun } = queryOf(SubmitQuery, query);
    const spec = parseDocument(SubmittedSpec, body, 'spec');
    if (dryRun) {
      response.status(200);
      return this.plans.plan(owner, spec);
    }
    const { id, made } = await this.submissions.submit(owner, spec, keyOf(key));
    response.status(202).location(`/jobs/${id}`);
    return this.jobs.document(owner, id, made);
  }

  @Get()
  @Documented({ tag, summary: 'Jobs, newest first', query: ListQuery, answers: { 200: JobList } })
  list(@Acting() owner: Owner, @Query() query: unknown): Promise<JobList> {
    return this.jobs.list(owner, queryOf(ListQuery, query));
  }

  @Get(':id')
  @Documented({
    tag,
    summary: 'A job, and why it is in its state',
    ids: ['id'],
    answers: { 200: JobDocument, 304: JobDocument },
  })
  get(@Acting() owner: Owner, @Param('id') id: string): Promise<JobDocument> {
    return this.jobs.document(owner, idOf(id, 'job'));
  }

  @Post(':id/cancel')
  @HttpCode(200)
  @Documented({
    tag,
    summary: 'End a job, and its children',
    ids: ['id'],
    answers: { 200: JobDocument },
    problems: [409, 413, 415],
  })
  async cancel(@Acting() owner: Owner, @Param('id') id: string): Promise<JobDocument> {
    await this.requests.cancel(owner, idOf(id, 'job'));
    return this.get(owner, id);
  }

  @Post(':id/suspend')
  @HttpCode(200)
  @Documented({
    tag,
    summary: 'Let a job save and stop',
    ids: ['id'],
    answers: { 200: JobDocument },
    problems: [409, 413, 415],
  })
  async suspend(@Acting() owner: Owner, @Param('id') id: string): Promise<JobDocument> {
    await this.requests.suspend(owner, idOf(id, 'job'));
    return this.get(owner, id);
  }

  @Post(':id/resume')
  @HttpCode(200)
  @Documented({
    tag,
    summary: 'Queue a suspended job again',
    ids: ['id'],
    answers: { 200: JobDocument },
    problems: [409, 413, 415],
  })
  async resume(@Acting() owner: Owner, @Param('id') id: string): Promise<JobDocument> {
    await this.requests.resume(owner, idOf(id, 'job'));
    return this.get(owner, id);
  }

  @Post(':id/retry')
  @HttpCode(202)
  @Documented({
    tag,
    summary: 'Do again what failed, diverged or was cancelled',
    description:
      'A new job with the same spec and output: it goes on from the last checkpoint. Children that succeeded are kept.',
    ids: ['id'],
    answers: { 202: JobDocument },
    problems: [409, 413, 415, 422],
  })
  async retry(
    @Acting() owner: Owner,
    @Param('id') id: string,
    @Res({ passthrough: true }) response: Response,
  ): Promise<JobDocument> {
    const made = await this.requests.retry(owner, idOf(id, 'job'));
    response.location(`/jobs/${made}`);
    return this.get(owner, made);
  }

  @Get(':id/events')
  @Documented({
    tag,
    summary: 'What happened to a job',
    description: STREAM,
    ids: ['id'],
    query: PageQuery,
    answers: { 200: streamed(JobEvents) },
  })
  events(
    @Acting() owner: Owner,
    @Param('id') id: string,
    @Query() query: unknown,
    @Req() request: Request,
    @Res() response: Response,
  ) {
    return this.rows(owner, id, query, request, response, (job, after, limit) =>
      this.history.events(job, after, limit),
    );
  }

  @Get(':id/logs')
  @Documented({
    tag,
    summary: "Its workers' log",
    description: STREAM,
    ids: ['id'],
    query: PageQuery,
    answers: { 200: streamed(LogLines) },
  })
  logs(
    @Acting() owner: Owner,
    @Param('id') id: string,
    @Query() query: unknown,
    @Req() request: Request,
    @Res() response: Response,
  ) {
    return this.rows(owner, id, query, request, response, (job, after, limit) => this.history.logs(job, after, limit));
  }

  @Get(':id/metrics')
  @Documented({
    tag,
    summary: 'Losses, rates, scores',
    description: STREAM,
    ids: ['id'],
    query: PageQuery,
    answers: { 200: streamed(JobMetrics) },
  })
  metrics(
    @Acting() owner: Owner,
    @Param('id') id: string,
    @Query() query: unknown,
    @Req() request: Request,
    @Res() response: Response,
  ) {
    return this.rows(owner, id, query, request, response, (job, after, limit) =>
      this.history.metrics(job, after, limit),
    );
  }

  @Get(':id/checkpoints')
  @Documented({ tag, summary: 'Its checkpoints', ids: ['id'], answers: { 200: CheckpointList } })
  async checkpoints(@Acting() owner: Owner, @Param('id') id: string): Promise<z.infer<typeof CheckpointList>> {
    const job = await this.jobs.find(owner, idOf(id, 'job'));
    return { items: await this.products.checkpoints(job.id), next: null };
  }

  private async rows<T extends Row>(
    owner: Owner,
    id: string,
    query: unknown,
    request: Request,
    response: Response,
    read: (job: string, after: number, limit?: number) => Promise<T[]>,
  ): Promise<void> {
    const { after, limit } = queryOf(PageQuery, query);
    const job = await this.jobs.find(owner, idOf(id, 'job'));
    if (wantsStream(request))
      return this.history.stream(job.id, response, positionOf(request, after), (last) => read(job.id, last));
    const items = await read(job.id, after, limit + 1);
    const page = items.slice(0, limit);
    response.json({ items: page, next: items.length > limit ? String(page.at(-1)!.id) : null });
  }
}

function streamed(page: z.ZodType) {
  return { 'application/json': page, 'text/event-stream': 'text' } as const;
}

function keyOf(header: string | undefined): string | null {
  if (header === undefined) return null;
  if (/^[\x21-\x7e]([\x20-\x7e]{0,253}[\x21-\x7e])?$/.test(header)) return header;
  throw new ProblemError(
    400,
    'IDEMPOTENCY_KEY_INVALID',
    'Idempotency-Key: 1 to 255 printable ASCII characters are allowed',
  );
}
