import { type Backoff, backoffMs, type Clock, systemClock } from './clock.js';
import { Deferred } from './deferred.js';

export interface WorkQueueOptions {
  /** Between failures of one key; 100 ms to 60 s. */
  backoff?: Backoff;
  clock?: Clock;
  random?: () => number;
}

/** Ends normally: the key's failures are forgotten. Throws: it is retried. The signal aborts when the queue shuts down. */
export type Handler = (key: string, signal: AbortSignal) => Promise<void>;

/**
 * Keys to be worked on. A key is queued once however often it is added, and never worked on twice at a time: one that is
 * added meanwhile is queued again at the end.
 */
export class WorkQueue {
  /** How often keys were put back after a failure. */
  retries = 0;
  /** Since when each waits, in the order in which they are taken. */
  private readonly queued = new Map<string, number>();
  private readonly working = new Set<string>();
  /** Added while worked on: since when. */
  private readonly dirty = new Map<string, number>();
  private readonly delayed = new Map<string, { at: number; cancel: () => void }>();
  private readonly failures = new Map<string, number>();
  private readonly stopping = new AbortController();
  private readonly idle = new Deferred();
  private work: { handler: Handler; concurrency: number; onError: (key: string, error: unknown) => void } | null = null;
  private readonly backoff: Backoff;
  private readonly clock: Clock;
  private readonly random: () => number;

  constructor({ backoff, clock, random }: WorkQueueOptions = {}) {
    this.backoff = backoff ?? { baseMs: 100, mostMs: 60_000 };
    this.clock = clock ?? systemClock;
    this.random = random ?? Math.random;
  }

  /** Keys that wait for a worker, those of `addAfter` not yet due left out. */
  get depth(): number {
    return this.queued.size + this.dirty.size;
  }

  /** How long the key that has waited longest has. 0: none waits. */
  get oldestAgeMs(): number {
    const [queued] = this.queued.values();
    const [dirty] = this.dirty.values();
    return queued === undefined && dirty === undefined
      ? 0
      : this.clock.now() - Math.min(queued ?? Infinity, dirty ?? Infinity);
  }

  add(key: string): void {
    if (this.stopping.signal.aborted) return;
    const to = this.working.has(key) ? this.dirty : this.queued;
    if (!to.has(key)) to.set(key, this.clock.now());
    this.pump();
  }

  /** Adds it in `ms`. Of several the earliest counts; one that is queued or worked on now is still added then. */
  addAfter(key: string, ms: number): void {
    if (this.stopping.signal.aborted) return;
    if (ms <= 0) return this.add(key);
    const at = this.clock.now() + ms;
    const known = this.delayed.get(key);
    if (known && known.at <= at) return;
    known?.cancel();
    const due = () => {
      this.delayed.delete(key);
      this.add(key);
    };
    this.delayed.set(key, { at, cancel: this.clock.after(ms, due) });
  }

  /** Works on keys, `concurrency` at a time, until the signal aborts; resolves when those then under way have ended. */
  async run(
    handler: Handler,
    concurrency: number,
    signal: AbortSignal,
    onError: (key: string, error: unknown) => void = () => undefined,
  ): Promise<void> {
    if (this.work) throw new Error('the queue has its workers already');
    this.work = { handler, concurrency, onError };
    const stop = () => void this.shutDown();
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) stop();
    this.pump();
    await this.idle.promise;
    signal.removeEventListener('abort', stop);
  }

  /** Takes no more keys and drops those that wait; resolves when those under way have ended. */
  async shutDown(): Promise<void> {
    this.stopping.abort();
    for (const { cancel } of this.delayed.values()) cancel();
    for (const waiting of [this.delayed, this.queued, this.dirty]) waiting.clear();
    if (this.working.size === 0) this.idle.resolve();
    await this.idle.promise;
  }

  /** Adds it after a time that grows with its failures since it last succeeded. */
  private retry(key: string): void {
    const failures = (this.failures.get(key) ?? 0) + 1;
    this.failures.set(key, failures);
    this.retries++;
    this.addAfter(key, backoffMs(this.backoff, failures, this.random));
  }

  private pump(): void {
    while (this.work && this.working.size < this.work.concurrency && this.queued.size > 0) {
      const [key] = this.queued.keys();
      this.queued.delete(key!);
      this.working.add(key!);
      void this.workOn(key!, this.work);
    }
  }

  private async workOn(key: string, { handler, onError }: NonNullable<WorkQueue['work']>): Promise<void> {
    try {
      await handler(key, this.stopping.signal);
      this.failures.delete(key);
    } catch (error) {
      onError(key, error);
      this.retry(key);
    }
    this.working.delete(key);
    const since = this.dirty.get(key);
    this.dirty.delete(key);
    if (since !== undefined) this.queued.set(key, since);
    if (this.stopping.signal.aborted && this.working.size === 0) this.idle.resolve();
    this.pump();
  }
}
