import { Body, Controller, Headers, HttpCode, Param, Post } from '@nestjs/common';
import { SkipThrottle } from '@nestjs/throttler';
import {
  AttemptCommand,
  AttemptEnd,
  AttemptIdentity,
  AttemptOrder,
  AttemptReport,
  AttemptStart,
  AttemptTwin,
  parseDocument,
} from '@orestes/contracts';
import { z } from 'zod';
import { Public } from '../auth/auth.guard.js';
import { bearerOf } from '../auth/token.js';
import { Documented } from '../http/documented.js';
import { idOf } from '../http/parameters.js';
import { AttemptsService, type Worker } from './attempts.service.js';

const tag = 'attempts';
const ids = ['id'];
const problems = [409];
const Nothing = z.strictObject({});

/** For workers: each has a token for its own attempt, which is good for nothing else. */
@Public()
@SkipThrottle()
@Controller('attempts')
export class AttemptsController {
  constructor(private readonly attempts: AttemptsService) {}

  @Post(':id/start')
  @HttpCode(200)
  @Documented({
    tag,
    summary: 'Take the job',
    ids,
    problems,
    body: { schema: AttemptStart },
    answers: { 200: AttemptOrder },
  })
  async start(
    @Param('id') id: string,
    @Headers('authorization') header: string | undefined,
    @Body() body: unknown,
  ): Promise<AttemptOrder> {
    return this.attempts.start(await this.worker(id, header), parseDocument(AttemptStart, body, 'start'));
  }

  @Post(':id/identity')
  @HttpCode(200)
  @Documented({
    tag,
    summary: 'Tell what the job is by content',
    ids,
    problems,
    body: { schema: AttemptIdentity },
    answers: { 200: AttemptTwin },
  })
  async identity(
    @Param('id') id: string,
    @Headers('authorization') header: string | undefined,
    @Body() body: unknown,
  ): Promise<AttemptTwin> {
    return this.attempts.identity(await this.worker(id, header), parseDocument(AttemptIdentity, body, 'identity'));
  }

  @Post(':id/reports')
  @HttpCode(200)
  @Documented({
    tag,
    summary: 'Tell how the job goes',
    ids,
    problems,
    body: { schema: AttemptReport },
    answers: { 200: AttemptCommand },
  })
  async report(
    @Param('id') id: string,
    @Headers('authorization') header: string | undefined,
    @Body() body: unknown,
  ): Promise<AttemptCommand> {
    return this.attempts.report(await this.worker(id, header), parseDocument(AttemptReport, body, 'report'));
  }

  @Post(':id/end')
  @HttpCode(200)
  @Documented({
    tag,
    summary: 'Tell how the attempt ended',
    ids,
    problems: [...problems, 422],
    body: { schema: AttemptEnd },
    answers: { 200: Nothing },
  })
  async end(
    @Param('id') id: string,
    @Headers('authorization') header: string | undefined,
    @Body() body: unknown,
  ): Promise<Record<string, never>> {
    return this.attempts.end(await this.worker(id, header), parseDocument(AttemptEnd, body, 'end'));
  }

  private worker(id: string, header: string | undefined): Promise<Worker> {
    return this.attempts.authenticate(idOf(id, 'attempt'), bearerOf(header));
  }
}
