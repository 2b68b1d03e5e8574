import { Module, type DynamicModule } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { ThrottlerModule } from '@nestjs/throttler';
import type { Logger } from 'pino';
import { DataSource } from 'typeorm';
import { AttemptsController } from './attempts/attempts.controller.js';
import { AttemptsService } from './attempts/attempts.service.js';
import { AuthController } from './auth/auth.controller.js';
import { AuthGuard } from './auth/auth.guard.js';
import { KeysService } from './auth/keys.service.js';
import { ThrottleGuard } from './auth/throttle.guard.js';
import { ClusterController } from './cluster/cluster.controller.js';
import { ClusterService } from './cluster/cluster.service.js';
import type { ClusterIdentity } from './cluster/identity.js';
import type { ServiceConfig } from './config.js';
import { Dispatcher, type Place } from './dispatch/dispatcher.js';
import { Hearing } from './dispatch/hearing.js';
import type { Launcher } from './dispatch/launcher.js';
import { HealthController } from './health/health.controller.js';
import { ServiceMetrics } from './health/metrics.service.js';
import { Changes } from './http/changes.js';
import { HistoryService } from './jobs/history.service.js';
import { JobsController } from './jobs/jobs.controller.js';
import { PlanService } from './jobs/plan.service.js';
import { ReadService } from './jobs/read.service.js';
import { RequestsService } from './jobs/requests.service.js';
import { SubmitService } from './jobs/submit.service.js';
import { LeaderboardController } from './leaderboard/leaderboard.controller.js';
import { LeaderboardService } from './leaderboard/leaderboard.service.js';
import { ProductsController } from './products/products.controller.js';
import { ProductsService } from './products/products.service.js';
import { CONFIG, IDENTITY, LAUNCHER, LOG, PLACING } from './tokens.js';

const MINUTE_MS = 60_000;

export interface AppParts {
  config: ServiceConfig;
  database: DataSource;
  launcher: Launcher;
  placing: readonly Place[];
  /** Tells service accounts; null on one machine. */
  identity: ClusterIdentity | null;
  log: Logger;
}

@Module({})
export class AppModule {
  static of({ config, database, launcher, placing, identity, log }: AppParts): DynamicModule {
    return {
      module: AppModule,
      imports: [ThrottlerModule.forRoot([{ ttl: MINUTE_MS, limit: config.rateLimit }])],
      controllers: [
        JobsController,
        AttemptsController,
        ProductsController,
        LeaderboardController,
        AuthController,
        HealthController,
        ...(config.cluster ? [ClusterController] : []),
      ],
      providers: [
        { provide: CONFIG, useValue: config },
        { provide: DataSource, useValue: database },
        { provide: LAUNCHER, useValue: launcher },
        { provide: PLACING, useValue: placing },
        { provide: IDENTITY, useValue: identity },
        { provide: LOG, useValue: log },
        // Requests are counted before keys are looked up: guesses are limited, too.
        { provide: APP_GUARD, useClass: ThrottleGuard },
        { provide: APP_GUARD, useClass: AuthGuard },
        ...[Changes, Hearing, Dispatcher, ServiceMetrics, KeysService],
        ...[SubmitService, ReadService, RequestsService, HistoryService, PlanService],
        ...[AttemptsService, ProductsService, LeaderboardService, ClusterService],
      ],
    };
  }
}
