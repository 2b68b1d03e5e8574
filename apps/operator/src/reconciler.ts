import { isDeepStrictEqual } from 'node:util';
import type { MirroredJob, TrainingJob } from '@orestes/contracts';
import { KubernetesError, TRAINING_JOBS, WorkQueue, type KubernetesClient } from '@orestes/kubernetes';
import type { Logger } from 'pino';
import { act, type Hands } from './act/acts.js';
import { ApiRefusal, type ClusterApi } from './act/api.js';
import { Ledger } from './admission/ledger.js';
import type { Caches } from './caches.js';
import type { OperatorConfig } from './config.js';
import { nextAction } from './decide/next-action.js';
import type { Action, Observed, SeenAttempt } from './decide/observed.js';
import { podsLeftMs } from './decide/pods.js';
import { statusOf, type Refusal } from './decide/status.js';
import { attemptsOf } from './observe.js';
import { standingOf } from './standing.js';

/** TrainingJobs worked on at a time. */
const CONCURRENCY = 32;
/** Many changes are one round of admission's. */
const GATHER_MS = 20;
/** The sentence on what a job waits for changes with every job that starts: it is told again no sooner, ... */
const WAITING_MS = 5000;
/** ... and where more jobs than these wait, later: all of them together are told so many sentences in that time. */
const SENTENCES = 50;

/** What was done is seen within this, unless somebody undid it: it is not done again sooner. */
const SEEN_MS = 1000;

export interface Parts {
  config: OperatorConfig;
  kubernetes: KubernetesClient;
  caches: Caches;
  api: ClusterApi;
  admission: 'kueue' | 'own';
  log: Logger;
  /** Throws where this process does not lead any more. */
  assertLeader: () => void;
}

/** Brings TrainingJobs forward while this process leads: observe, decide, act, one action at a time for each. */
export class Reconciler {
  readonly queue = new WorkQueue({ backoff: { baseMs: 50, mostMs: 30_000 } });
  readonly ledger: Ledger;
  /** Actions carried out, by kind. */
  readonly done = new Map<Action['kind'], number>();
  private readonly refusals = new Map<string, Refusal>();
  private readonly last = new Map<string, { action: Action; at: number }>();
  /** Jobs as the service answered, instead of what their objects said then. */
  private readonly answers = new Map<string, { instead: MirroredJob; job: MirroredJob }>();
  private readonly told = new Map<string, { message: string; at: number }>();
  private admitting: NodeJS.Timeout | null = null;
  /** By when pods that are being deleted hold nothing any more. */
  private readonly ending = new Map<string, NodeJS.Timeout>();
  /** Jobs of which the next round of admission says more. */
  private readonly postponed = new Set<string>();

  constructor(private readonly parts: Parts) {
    this.ledger = new Ledger(parts.config.queues);
  }

  /** Resolves when the signal has aborted and what was under way has ended. */
  async run(signal: AbortSignal): Promise<void> {
    const { caches, log } = this.parts;
    const end = caches.subscribe((key) => this.changed(key));
    const onError = (key: string, error: unknown) => log.warn({ key, err: error }, 'it is tried again');
    await this.queue.run((key) => this.reconcile(key), CONCURRENCY, signal, onError);
    if (this.admitting) clearTimeout(this.admitting);
    for (const timer of this.ending.values()) clearTimeout(timer);
    end();
  }

  private changed(key: string): void {
    const family = this.family(key);
    if (!family) this.forget(key);
    else this.stand(key, family.trainingJob, attemptsOf(family.jobs, family.pods));
    this.queue.add(key);
    if (this.parts.admission === 'own') this.admitting ??= setTimeout(() => this.admit(), GATHER_MS);
  }

  /** Pods that nobody ends hold their GPUs until their time is over, which no event tells. */
  private stand(key: string, trainingJob: TrainingJob, attempts: readonly SeenAttempt[]): void {
    this.ledger.set(key, standingOf(key, trainingJob, attempts));
    const left = attempts.map((attempt) => podsLeftMs(attempt, Date.now())).filter((ms) => ms > 0 && ms < Infinity);
    if (left.length === 0 || this.ending.has(key)) return;
    const again = () => {
      this.ending.delete(key);
      this.changed(key);
    };
    this.ending.set(key, setTimeout(again, Math.max(...left) + GATHER_MS));
  }

  /** With the service's last answer, until the object says anything new of its job. */
  private family(key: string): ReturnType<Caches['family']> {
    const family = this.parts.caches.family(key);
    const answer = this.answers.get(key);
    if (!family || !answer) return family;
    const { trainingJob } = family;
    const { status } = trainingJob;
    if (isDeepStrictEqual(status?.job, answer.instead))
      return { ...family, trainingJob: { ...trainingJob, status: { ...status!, job: answer.job } } };
    this.answers.delete(key);
    return family;
  }

  private forget(key: string): void {
    this.answers.delete(key);
    this.last.delete(key);
    this.ledger.set(key, null);
    this.refusals.delete(key);
    this.told.delete(key);
  }

  private admit(): void {
    this.admitting = null;
    const { granted, preempted } = this.ledger.admit(Date.now());
    for (const key of [...granted, ...preempted.map(({ key }) => key), ...this.postponed]) this.queue.add(key);
    this.postponed.clear();
  }

  private async reconcile(key: string): Promise<void> {
    const { caches, config, kubernetes, api, admission } = this.parts;
    const family = this.family(key);
    if (!family) return this.forget(key);
    const { trainingJob, jobs, pods } = family;
    const seen = this.observe(key, trainingJob, attemptsOf(jobs, pods));
    const action = nextAction(seen);
    if (action.kind !== 'wait' && !(action.kind === 'register' && this.refusals.has(key))) {
      this.parts.assertLeader();
      const left = this.unseenMs(key, action);
      if (left > 0) return this.queue.addAfter(key, left);
      this.done.set(action.kind, (this.done.get(action.kind) ?? 0) + 1);
      const instead = caches.trainingJobs.get(key)?.status?.job; // this object's may be an answer itself
      const told = (job: MirroredJob) => {
        // What was saved last is the mirror's to say.
        const saved = instead?.savedAt === undefined ? {} : { savedAt: instead.savedAt };
        if (instead) this.answers.set(key, { instead, job: { ...saved, ...job } });
      };
      await this.carryOut(key, { kubernetes, api, config, admission, trainingJob, told }, action);
      this.last.set(key, { action, at: Date.now() });
      this.told.delete(key);
      if (action.kind === 'end') this.changed(key); // its place is free
      if (!this.refusals.has(key)) return; // what it changed is seen soon, and told then
    } else if (admission === 'own' && this.ledger.isNew(key)) return void this.postponed.add(key);
    else if (action.kind === 'wait' && action.ms !== null) this.queue.addAfter(key, Math.max(action.ms, 100));
    await this.tell(key, seen, action.kind === 'wait' ? action.waitsFor : null);
  }

  /** Milliseconds for which what was just done may not be seen yet; 0: it is to be done. */
  private unseenMs(key: string, action: Action): number {
    const last = this.last.get(key);
    if (!last) return 0;
    const started = last.action.kind === 'begin' && action.kind === 'unsuspendJob'; // a part of it
    return started || isDeepStrictEqual(last.action, action) ? last.at + SEEN_MS - Date.now() : 0;
  }

  private observe(key: string, trainingJob: Hands['trainingJob'], attempts: SeenAttempt[]): Observed {
    const { admission, config } = this.parts;
    return {
      ...{ trainingJob, attempts, admission, now: Date.now(), ttlMs: 1000 * config.ttlSeconds },
      ...{ place: this.ledger.place(key), preemptFor: this.ledger.preemptFor(key) },
    };
  }

  private async carryOut(key: string, hands: Hands, action: Exclude<Action, { kind: 'wait' }>): Promise<void> {
    try {
      await act(hands, action);
    } catch (error) {
      const refused = refusalOf(error);
      if (refused && action.kind === 'register') return void this.refusals.set(key, refused);
      throw error;
    }
  }

  /** Writes the status, and the service why a job waits, where they have changed. */
  private async tell(key: string, { trainingJob }: Observed, waitsFor: string | null): Promise<void> {
    const { kubernetes, api, assertLeader } = this.parts;
    const { metadata, status } = trainingJob;
    const { job, ...told } = status ?? {};
    const refusal = this.refusals.get(key) ?? null;
    if (!job && !refusal) return; // the service tells of it at once
    const now = new Date().toISOString();
    const wanted = statusOf({ trainingJob, waitsFor: this.settled(key, waitsFor), refusal, now });
    if (metadata.deletionTimestamp !== undefined || isDeepStrictEqual(told, wanted)) return;
    assertLeader();
    if (job?.state === 'queued' && waitsFor !== null && told.message !== wanted.message)
      await api.waiting(job.id, wanted.message ?? waitsFor);
    const own = { metadata: { name: metadata.name, namespace: metadata.namespace }, status: wanted };
    await kubernetes.applyStatus(TRAINING_JOBS, own, { force: true }).catch((error: unknown) => {
      if (!(error instanceof KubernetesError) || error.status !== 404) throw error; // it was deleted just now
    });
  }

  /** The sentence that was told last, unless that was a while ago. */
  private settled(key: string, waitsFor: string | null): string | null {
    const last = this.told.get(key);
    if (waitsFor === null) {
      this.told.delete(key);
      return null;
    }
    if (last?.message === waitsFor) return waitsFor;
    const left = last ? last.at + WAITING_MS * Math.max(1, this.told.size / SENTENCES) - Date.now() : 0;
    if (left > 0) {
      this.queue.addAfter(key, left);
      return last!.message;
    }
    this.told.set(key, { message: waitsFor, at: Date.now() });
    return waitsFor;
  }
}

/** The service does not take this spec: no repetition changes that. */
function refusalOf(error: unknown): Refusal | null {
  if (!(error instanceof ApiRefusal) || (error.status !== 400 && error.status !== 422)) return null;
  return { code: error.code, message: error.message };
}
