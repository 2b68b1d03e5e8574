import { Controller, Get, Res } from '@nestjs/common';
import { SkipThrottle } from '@nestjs/throttler';
import type { Response } from 'express';
import { DataSource } from 'typeorm';
import { z } from 'zod';
import { Public } from '../auth/auth.guard.js';
import { Documented } from '../http/documented.js';
import { ProblemError } from '../http/problem.js';
import { ServiceMetrics } from './metrics.service.js';

const Status = z.strictObject({ status: z.literal('ok') });

@Public()
@SkipThrottle()
@Controller()
export class HealthController {
  constructor(
    private readonly database: DataSource,
    private readonly metrics: ServiceMetrics,
  ) {}

  @Get('healthz')
  @Documented({ tag: 'operation', summary: 'The process lives', answers: { 200: Status } })
  healthz(): z.infer<typeof Status> {
    return { status: 'ok' };
  }

  @Get('readyz')
  @Documented({
    tag: 'operation',
    summary: 'The service can do its work: the database answers',
    answers: { 200: Status },
  })
  async readyz(): Promise<z.infer<typeof Status>> {
    await this.database.query('SELECT 1').catch(() => {
      throw new ProblemError(503, 'DATABASE_UNAVAILABLE', 'the database does not answer', undefined, 1);
    });
    return { status: 'ok' };
  }

  @Get('metrics')
  @Documented({ tag: 'operation', summary: 'Prometheus metrics', answers: { 200: { 'text/plain': 'text' } } })
  async prometheus(@Res() response: Response): Promise<void> {
    const { contentType, text } = await this.metrics.scrape();
    response.type(contentType).send(text);
  }
}
