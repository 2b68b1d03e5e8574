import { Inject, Injectable } from '@nestjs/common';
import type { NextFunction, Request, Response } from 'express';
import { collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { DataSource } from 'typeorm';
import type { ServiceConfig } from '../config.js';
import { CONFIG } from '../tokens.js';

/** What Prometheus reads. */
@Injectable()
export class ServiceMetrics {
  private readonly registry = new Registry();
  private readonly requests = new Histogram({
    name: 'orestes_http_request_seconds',
    help: 'Time to answer a request',
    labelNames: ['method', 'route', 'status'],
    buckets: [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5],
    registers: [this.registry],
  });
  private readonly jobs = new Gauge({
    name: 'orestes_jobs',
    help: 'Jobs by state that have not ended',
    labelNames: ['state'],
    registers: [this.registry],
  });
  private readonly slots = new Gauge({ name: 'orestes_slots', help: 'Workers at a time', registers: [this.registry] });
  private readonly attempts = new Gauge({
    name: 'orestes_attempts_ended',
    help: 'Attempts that have ended, by outcome',
    labelNames: ['outcome'],
    registers: [this.registry],
  });

  constructor(
    private readonly database: DataSource,
    @Inject(CONFIG) config: ServiceConfig,
  ) {
    collectDefaultMetrics({ register: this.registry });
    this.slots.set(config.slots);
  }

  /** Middleware that times requests; the route's pattern, not its ids. */
  readonly observe = (request: Request, response: Response, next: NextFunction): void => {
    const end = this.requests.startTimer({ method: request.method });
    response.once('finish', () => {
      const route = (request.route as { path?: string } | undefined)?.path ?? 'other';
      end({ route, status: response.statusCode });
    });
    next();
  };

  async scrape(): Promise<{ contentType: string; text: string }> {
    const rows = await this.database.query<{ state: string; count: number }[]>(
      'SELECT state, count(*)::int AS count FROM job WHERE finished_at IS NULL GROUP BY state',
    );
    this.jobs.reset();
    for (const { state, count } of rows) this.jobs.set({ state }, count);
    const ended = await this.database.query<{ outcome: string; count: number }[]>(
      `SELECT outcome, count(*)::int AS count FROM attempt WHERE state = 'ended' GROUP BY outcome`,
    );
    for (const { outcome, count } of ended) this.attempts.set({ outcome }, count);
    return { contentType: this.registry.contentType, text: await this.registry.metrics() };
  }
}
