import { Body, Controller, Headers, HttpCode, Inject, Param, Post } from '@nestjs/common';
import { SkipThrottle } from '@nestjs/throttler';
import {
  AskRequest,
  BeginRequest,
  ClusterAnswer,
  EndRequest,
  parseDocument,
  RegisterRequest,
  WaitingRequest,
  type MirroredJob,
} from '@orestes/contracts';
import type { z } from 'zod';
import { Public } from '../auth/auth.guard.js';
import { bearerOf } from '../auth/token.js';
import type { ServiceConfig } from '../config.js';
import { Documented } from '../http/documented.js';
import { idOf } from '../http/parameters.js';
import { noRoute, ProblemError } from '../http/problem.js';
import { CONFIG, IDENTITY } from '../tokens.js';
import { ClusterService } from './cluster.service.js';
import type { ClusterIdentity } from './identity.js';

type Answer = Promise<z.infer<typeof ClusterAnswer>>;

const route = (summary: string, schema: z.ZodType, ids: string[] = ['id']) =>
  Documented({ tag: 'cluster', summary, ids, problems: [409, 422], body: { schema }, answers: { 200: ClusterAnswer } });

const ASKED = ['cancel', 'suspend', 'resume'] as const;

/** For the operator alone, which its service account's token tells. */
@Public()
@SkipThrottle()
@Controller('cluster')
export class ClusterController {
  constructor(
    private readonly cluster: ClusterService,
    @Inject(IDENTITY) private readonly identity: ClusterIdentity | null,
    @Inject(CONFIG) private readonly config: ServiceConfig,
  ) {}

  @Post('jobs')
  @HttpCode(200)
  @route('Make a job of a TrainingJob', RegisterRequest, [])
  async register(@Headers('authorization') header: string | undefined, @Body() body: unknown): Answer {
    await this.assertOperator(header);
    return answer(this.cluster.register(parseDocument(RegisterRequest, body, 'register')));
  }

  @Post('jobs/:id/begin')
  @HttpCode(200)
  @route('Begin an attempt: its pods may start', BeginRequest)
  async begin(
    @Param('id') id: string,
    @Headers('authorization') header: string | undefined,
    @Body() body: unknown,
  ): Answer {
    await this.assertOperator(header);
    return answer(this.cluster.begin(idOf(id, 'job'), parseDocument(BeginRequest, body, 'begin')));
  }

  @Post('jobs/:id/end')
  @HttpCode(200)
  @route('End an attempt whose pods are gone', EndRequest)
  async end(
    @Param('id') id: string,
    @Headers('authorization') header: string | undefined,
    @Body() body: unknown,
  ): Answer {
    await this.assertOperator(header);
    return answer(this.cluster.end(idOf(id, 'job'), parseDocument(EndRequest, body, 'end')));
  }

  @Post('jobs/:id/waiting')
  @HttpCode(200)
  @route('Tell what a job that does not run yet waits for', WaitingRequest)
  async waiting(
    @Param('id') id: string,
    @Headers('authorization') header: string | undefined,
    @Body() body: unknown,
  ): Answer {
    await this.assertOperator(header);
    return answer(this.cluster.waiting(idOf(id, 'job'), parseDocument(WaitingRequest, body, 'waiting')));
  }

  @Post('jobs/:id/:request')
  @HttpCode(200)
  @route(`Ask what an object's owner asks (${ASKED.join(', ')})`, AskRequest)
  async ask(
    @Param('id') id: string,
    @Param('request') request: string,
    @Headers('authorization') header: string | undefined,
    @Body() body: unknown,
  ): Answer {
    await this.assertOperator(header);
    const asked = ASKED.find((each) => each === request);
    if (!asked) throw noRoute('POST', `/cluster/jobs/${id}/${request}`);
    return answer(this.cluster.ask(idOf(id, 'job'), asked, parseDocument(AskRequest, body, 'ask')));
  }

  private async assertOperator(header: string | undefined): Promise<void> {
    const { cluster } = this.config;
    const token = bearerOf(header);
    const caller = token === null ? null : await this.identity?.callerOf(token);
    if (cluster !== null && caller?.account === cluster.operator) return;
    throw new ProblemError(401, 'TOKEN_UNKNOWN', "this route needs the operator's token");
  }
}

const answer = async (job: Promise<MirroredJob>): Answer => ({ job: await job });
