import { Inject, Injectable } from '@nestjs/common';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { DataSource } from 'typeorm';
import type { ServiceConfig } from '../config.js';
import { isDatabaseAway } from '../http/database-away.js';
import { Changes } from '../http/changes.js';
import { CONFIG, LAUNCHER, LOG, PLACING } from '../tokens.js';
import { Hearing } from './hearing.js';
import type { Launcher } from './launcher.js';
import { endLost } from './lost.js';
import { emptyOutbox } from './outbox.js';
import { settleParents } from './parents.js';

const EVERY_MS = 1000;
/** Many changes in a short time are one round's. */
const GATHER_MS = 50;

/** Finds places for queued jobs. @returns the jobs that changed */
export type Place = () => Promise<string[]>;

/**
 * Brings jobs forward: lost workers are noticed, sweeps and pipelines begin and end, queued jobs find places, and what the
 * database says is to be done outside is done. All of it reads what is to be done from the database, so it may be killed
 * anywhere.
 */
@Injectable()
export class Dispatcher {
  private running: Promise<void> | null = null;
  private again = false;
  private timer: NodeJS.Timeout | null = null;
  private stopped = true;

  constructor(
    private readonly database: DataSource,
    private readonly changes: Changes,
    private readonly hearing: Hearing,
    @Inject(LAUNCHER) private readonly launcher: Launcher,
    @Inject(PLACING) private readonly placing: readonly Place[],
    @Inject(CONFIG) private readonly config: ServiceConfig,
    @Inject(LOG) private readonly log: Logger,
  ) {}

  start(): void {
    this.stopped = false;
    this.hearing.start();
    this.timer = setInterval(() => this.poke(), EVERY_MS);
    this.poke();
  }

  async stop(): Promise<void> {
    this.stopped = true;
    if (this.timer) clearInterval(this.timer);
    await this.running;
    await this.hearing.stop();
  }

  /** There may be something to do. */
  poke(): void {
    if (this.stopped) return;
    this.again = true;
    this.running ??= this.round().finally(() => (this.running = null));
  }

  private async round(): Promise<void> {
    while (this.again && !this.stopped) {
      this.again = false;
      await sleep(GATHER_MS);
      const { database, launcher, config } = this;
      await this.step(() => settleParents(database));
      await this.step(() => endLost(database, launcher, { ...config, heardMs: () => this.hearing.forMs() }));
      for (const place of this.placing) await this.step(place);
      await this.step(() =>
        emptyOutbox(database, launcher, (error) => this.log.error({ err: error }, 'an order failed')),
      );
    }
  }

  /** One of the things to do; that it fails does not keep the others from being done. What failed is tried again by the timer. */
  private async step(act: () => Promise<string[]>): Promise<void> {
    try {
      const changed = await act();
      for (const job of changed) this.changes.tell(job);
      // Dependants and parents of what has just ended may go on at once.
      if (changed.length > 0) this.again = true;
    } catch (error) {
      if (isDatabaseAway(error)) this.log.warn('the database is away; the dispatcher waits for it');
      else this.log.error({ err: error }, 'dispatching failed');
    }
  }
}
