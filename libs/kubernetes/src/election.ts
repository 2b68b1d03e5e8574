import { randomUUID } from 'node:crypto';
import type { KubeConfig } from '@kubernetes/client-node';
import { OrestesError } from '@orestes/contracts';
import { KubernetesClient } from './client.js';
import { type Clock, pause, systemClock } from './clock.js';
import { hasReason } from './errors.js';
import { type Held, LeaseRecord } from './lease.js';
import type { Ref } from './objects.js';

export interface ElectionOptions {
  /** The election has a client of its own, so that no other request can keep a renewal waiting. */
  config: KubeConfig;
  /** Of the Lease, which is created when it is not there. */
  lease: Required<Ref>;
  /** For people; a random part is added, so that no two candidates are ever the same. */
  identity: string;
  /** How long nobody must have changed the lease before another takes it; 15 s. */
  durationMs?: number;
  /** How long after its last renewal a leader goes on; well below `durationMs`; 10 s. */
  renewDeadlineMs?: number;
  /** Between renewals, and between looks of those who wait; 2 s. */
  retryMs?: number;
  /** Told of each failure; the election goes on by itself. */
  onTrouble?: (error: unknown) => void;
  clock?: Clock;
  random?: () => number;
}

export interface Duties {
  /**
   * Leads until the signal aborts: because the lease was lost, or could not be renewed in time (LEADERSHIP_LOST), or
   * because the election is to stop. The lease is kept until it returns.
   * @param epoch the fencing number: above that of every earlier leader
   */
  onLead(epoch: number, signal: AbortSignal): Promise<void>;
}

interface Term {
  epoch: number;
  held: Held;
  lost: boolean;
  over: AbortController;
}

/**
 * Leader election on a Lease. A leader stops believing in itself `renewDeadlineMs` after the start of the last renewal that
 * succeeded; others believe in it at least `durationMs` from then on. Both are measured by monotonic clocks, each its own,
 * so that clocks that are set wrongly do no harm. The epoch is the Lease's `leaseTransitions`, which every acquisition raises,
 * also one by the same process after a gap. Only deleting the Lease by hand, while no candidate runs, begins it anew.
 */
export class Election {
  /** In the Lease's `holderIdentity`. */
  readonly identity: string;
  private readonly client: KubernetesClient;
  private readonly record: LeaseRecord;
  private readonly renewDeadlineMs: number;
  private readonly retryMs: number;
  private readonly clock: Clock;
  private term: Term | null = null;

  constructor(private readonly options: ElectionOptions) {
    const { config, lease, durationMs = 15_000, renewDeadlineMs = 10_000, retryMs = 2_000 } = options;
    if (!(retryMs < renewDeadlineMs && renewDeadlineMs < durationMs))
      throw new TypeError(`election: ${retryMs} < ${renewDeadlineMs} < ${durationMs} (ms) does not hold`);
    this.identity = `${options.identity}_${randomUUID()}`;
    this.clock = options.clock ?? systemClock;
    this.renewDeadlineMs = renewDeadlineMs;
    this.retryMs = retryMs;
    this.client = new KubernetesClient(config, {
      fieldManager: 'orestes-election',
      timeoutMs: renewDeadlineMs / 3, // so that a second renewal can follow one that hangs
      retries: 0,
    });
    this.record = new LeaseRecord(this.client, lease, this.identity, durationMs, this.clock);
  }

  /** The epoch in which this process leads; null: it does not. */
  get epoch(): number | null {
    return this.term && this.leads(this.term) ? this.term.epoch : null;
  }

  /**
   * To be called right before every write: a process that was stopped for a while (SIGSTOP, a long collection) may run
   * on before its timers do.
   * @returns the epoch
   * @throws OrestesError LEADERSHIP_LOST
   */
  assertLeader(): number {
    if (this.term && this.leads(this.term)) return this.term.epoch;
    if (this.term) this.lose(this.term, 'the lease was not renewed in time');
    throw lost('this process does not lead');
  }

  /**
   * Ends the term where somebody has seen a newer one, which the Lease may know nothing of: it was deleted, or is another
   * cluster's. The next term of this process is above that.
   */
  supersede(newest: number): void {
    this.record.skipTo(newest);
    if (this.term && this.term.epoch < newest) this.lose(this.term, `term ${newest} has begun elsewhere`);
  }

  /**
   * Stands for election again and again until the signal aborts; then lets the duties end and releases the lease.
   * @throws what `onLead` throws while it leads; when it returns by itself, so does this
   */
  async run(duties: Duties, signal: AbortSignal): Promise<void> {
    try {
      while (!signal.aborted) {
        const held = await this.campaign(signal);
        if (!held) return;
        if (signal.aborted) return await this.release(held); // no duties begin that are to end at once
        if (await this.lead(held, duties, signal)) return;
      }
    } finally {
      await this.client.close();
    }
  }

  private async campaign(signal: AbortSignal): Promise<Held | null> {
    while (!signal.aborted) {
      let waitMs = this.retryMs * (0.9 + this.random() / 10);
      try {
        const outcome = await this.record.acquire();
        if ('lease' in outcome) return outcome;
        waitMs = Math.min(waitMs, outcome.expiresInMs);
      } catch (error) {
        // Another was faster.
        if (!hasReason(error, 'Conflict', 'AlreadyExists')) this.options.onTrouble?.(error);
      }
      await pause(Math.max(waitMs, 1), signal);
    }
    return null;
  }

  /** @returns whether the duties ended while the lease was held: the run is over */
  private async lead(held: Held, duties: Duties, signal: AbortSignal): Promise<boolean> {
    const term: Term = {
      epoch: held.lease.spec?.leaseTransitions ?? 0,
      held,
      lost: false,
      over: new AbortController(),
    };
    const stop = () => term.over.abort(signal.reason);
    signal.addEventListener('abort', stop, { once: true });
    const settled = new AbortController();
    const dismiss = this.guard(term, settled.signal);
    this.term = term;
    const outcome = duties
      .onLead(term.epoch, term.over.signal)
      .then(
        () => null,
        (error: unknown) => ({ error }),
      )
      .finally(() => settled.abort());
    await this.keep(term, settled.signal);
    const failure = await outcome;
    dismiss();
    signal.removeEventListener('abort', stop);
    this.term = null;
    if (term.lost) {
      if (failure) this.options.onTrouble?.(failure.error);
      return false;
    }
    await this.release(term.held);
    if (failure && !signal.aborted) throw failure.error;
    return true;
  }

  /** Renews until the duties have ended or the term is lost. */
  private async keep(term: Term, settled: AbortSignal): Promise<void> {
    while (!settled.aborted && !term.lost) {
      await pause(this.retryMs, settled);
      if (settled.aborted || term.lost) return;
      try {
        term.held = await this.record.renew(term.held);
      } catch (error) {
        this.options.onTrouble?.(error);
        if (hasReason(error, 'Conflict', 'NotFound')) this.lose(term, 'another has taken the lease');
      }
    }
  }

  /** Ends the term at its deadline, also while a renewal hangs. */
  private guard(term: Term, settled: AbortSignal): () => void {
    let cancel = () => undefined as void;
    const check = () => {
      if (settled.aborted || term.lost) return;
      const left = term.held.since + this.renewDeadlineMs - this.clock.now();
      if (left <= 0) this.lose(term, 'the lease was not renewed in time');
      else cancel = this.clock.after(left, check);
    };
    check();
    return () => cancel();
  }

  /** When it fails, the next has to wait for the lease to expire. */
  private async release(held: Held): Promise<void> {
    await this.record.release(held).catch((error: unknown) => this.options.onTrouble?.(error));
  }

  private leads(term: Term): boolean {
    return !term.lost && this.clock.now() < term.held.since + this.renewDeadlineMs;
  }

  private lose(term: Term, why: string): void {
    if (term.lost) return;
    term.lost = true;
    term.over.abort(lost(why));
  }

  private random(): number {
    return (this.options.random ?? Math.random)();
  }
}

const lost = (why: string) => new OrestesError('LEADERSHIP_LOST', `${why}; nothing more may be written in its name`);
