import { Inject, Injectable } from '@nestjs/common';
import type { Logger } from 'pino';
import { DataSource } from 'typeorm';
import type { ClusterIdentity } from '../cluster/identity.js';
import type { ServiceConfig } from '../config.js';
import { CONFIG, IDENTITY, LOG } from '../tokens.js';

/** Looks in the time after which a silent worker counts as lost. */
const LOOKS = 6;

/**
 * Knows for how long workers could be heard: what they tell needs a database to be written to and, in a cluster, an apiserver
 * that tells who they are. Both are asked now and then. Longer without an answer than half of the silence that is allowed, and
 * nobody was heard: whoever could tell nothing meanwhile has at least the other half to do so. Looks that hang, or that this
 * process had no time for, are no answers either.
 */
@Injectable()
export class Hearing {
  private readonly everyMs: number;
  private readonly longestGapMs: number;
  /** Of this process's own clock, which nobody sets. */
  private since = -Infinity;
  private last = -Infinity;
  private timer: NodeJS.Timeout | null = null;
  private looking: Promise<void> | null = null;

  constructor(
    private readonly database: DataSource,
    @Inject(IDENTITY) private readonly identity: Pick<ClusterIdentity, 'assertTells'> | null,
    @Inject(CONFIG) { heartbeatMs }: Pick<ServiceConfig, 'heartbeatMs'>,
    @Inject(LOG) private readonly log: Pick<Logger, 'warn'>,
  ) {
    this.everyMs = heartbeatMs / LOOKS;
    this.longestGapMs = heartbeatMs / 2;
  }

  /** The service listens from now on. */
  start(): void {
    this.timer = setInterval(() => this.poke(), this.everyMs);
    this.poke();
  }

  async stop(): Promise<void> {
    if (this.timer) clearInterval(this.timer);
    await this.looking;
  }

  /** Milliseconds for which workers could be heard without a break until now; 0 while they can't. */
  forMs(): number {
    const now = performance.now();
    return now - this.last > this.longestGapMs ? 0 : now - this.since;
  }

  private poke(): void {
    this.looking ??= this.look().finally(() => (this.looking = null));
  }

  private async look(): Promise<void> {
    try {
      await this.database.query('SELECT 1');
      await this.identity?.assertTells();
      this.heard();
    } catch (error) {
      this.log.warn({ err: error }, 'workers can not be heard; their silence will not count');
    }
  }

  private heard(): void {
    const now = performance.now();
    if (now - this.last > this.longestGapMs) this.since = now;
    this.last = now;
  }
}
