import { isDeepStrictEqual } from 'node:util';
import { JOB_LABEL, shortened, type MirroredJob, type TrainingJob } from '@orestes/contracts';
import { hasReason, TRAINING_JOBS, WorkQueue, type KubernetesClient } from '@orestes/kubernetes';
import type { Logger } from 'pino';
import { act, type Hands } from './act/acts.js';
import { ApiRefusal, Superseded, type ClusterApi } from './act/api.js';
import { Ledger, type Standing } from './admission/ledger.js';
import type { Caches } from './caches.js';
import type { OperatorConfig } from './config.js';
import { notBeforeMs } from './decide/due.js';
import { knownJob } from './decide/known-job.js';
import { nextAction } from './decide/next-action.js';
import type { Action, Observed, SeenAttempt } from './decide/observed.js';
import { podsLeftMs } from './decide/pods.js';
import { refusalFrom, refusedStatus, type Refusal } from './decide/refusal.js';
import { attemptsOf } from './observe.js';
import { standingOf } from './standing.js';

/** TrainingJobs worked on at a time. */
const CONCURRENCY = 32;
/** Many changes are one round of admission's. */
const GATHER_MS = 20;
/** What a job waits for is told when it has waited so long, for most begin before; ... */
const FIRST_MS = 1000;
/** ... and when it changes, which it does with every job that starts, no sooner than that; ... */
const WAITING_MS = 5000;
/** ... and where more jobs than these wait, later: all of them together are told so many sentences in that time. */
const SENTENCES = 50;

/** What was done is seen within this, unless somebody undid it: it is not done again sooner. */
const SEEN_MS = 3000;

/** Copies that are too old to decide by are looked at again after this. */
const STALE_AGAIN_MS = 5000;

export interface Parts {
  config: OperatorConfig;
  kubernetes: KubernetesClient;
  caches: Caches;
  api: ClusterApi;
  admission: 'kueue' | 'own';
  log: Logger;
  /** Throws where this process does not lead any more. */
  assertLeader: () => void;
  /** The service knows a newer term: this one ends. */
  supersede: (newest: number) => void;
}

/** Brings TrainingJobs forward while this process leads: observe, decide, act, one action at a time for each. */
export class Reconciler {
  readonly queue = new WorkQueue({ backoff: { baseMs: 50, mostMs: 30_000 } });
  readonly ledger: Ledger;
  /** Actions carried out, by kind. */
  readonly done = new Map<Action['kind'], number>();
  /** Of the object that is named so, as it was labelled then. */
  private readonly refusals = new Map<string, { object: string; refusal: Refusal }>();
  private readonly last = new Map<string, { action: Action; at: number }>();
  /** Jobs as the service answered for the object of that uid, until it says as much itself. */
  private readonly answers = new Map<string, { uid: string; job: MirroredJob }>();
  /** What the service was told that jobs wait for, and when it may be told anything else. */
  private readonly said = new Map<string, { message: string | null; next: number }>();
  private admitting: NodeJS.Timeout | null = null;
  /** Jobs of which the next round of admission says more. */
  private readonly postponed = new Set<string>();

  constructor(private readonly parts: Parts) {
    this.ledger = new Ledger(parts.config.queues);
  }

  /** Resolves when the signal has aborted and what was under way has ended. */
  async run(signal: AbortSignal): Promise<void> {
    const { caches, log } = this.parts;
    const end = caches.subscribe((key) => this.changed(key));
    const onError = (key: string, error: unknown) => {
      log.warn({ key, err: error }, 'it is tried again');
      if (error instanceof Superseded) this.parts.supersede(error.newest);
    };
    await this.queue.run((key) => this.reconcile(key), CONCURRENCY, signal, onError);
    if (this.admitting) clearTimeout(this.admitting);
    end();
  }

  private changed(key: string): void {
    const family = this.family(key);
    if (!family) this.forget(key);
    else this.stand(key, family.trainingJob, attemptsOf(family.jobs, family.pods));
    this.queue.add(key);
  }

  /** No event tells that the time is over of pods that nobody ends, or that a job may start again. */
  private stand(key: string, trainingJob: TrainingJob, attempts: readonly SeenAttempt[]): void {
    const now = Date.now();
    this.note(key, standingOf(key, trainingJob, attempts, now));
    const job = trainingJob.status?.job;
    const times = [...attempts.map((attempt) => podsLeftMs(attempt, now)), job ? notBeforeMs(job, now) : 0];
    for (const ms of times) if (ms > 0 && ms < Infinity) this.queue.addAfter(key, ms);
  }

  private note(key: string, standing: Standing | null): void {
    const changed = this.ledger.set(key, standing);
    if (changed && this.parts.admission === 'own') this.admitting ??= setTimeout(() => this.admit(), GATHER_MS);
  }

  /** With the object's job, as far as it is known by now; without one where the service refused the object. */
  private family(key: string): ReturnType<Caches['family']> {
    const family = this.parts.caches.family(key);
    if (!family) return null;
    const { trainingJob } = family;
    const { job: told, ...rest } = trainingJob.status ?? {};
    const job = this.jobOf(key, trainingJob);
    if (job === told) return family;
    return { ...family, trainingJob: { ...trainingJob, status: { ...rest, ...(job && { job }) } } };
  }

  private jobOf(key: string, trainingJob: TrainingJob): MirroredJob | undefined {
    if (this.refusalOf(key, trainingJob)) return undefined;
    const answer = this.answers.get(key);
    const known = knownJob(trainingJob, answer?.uid === trainingJob.metadata.uid ? answer?.job : undefined);
    if (known === trainingJob.status?.job) this.answers.delete(key);
    return known;
  }

  private refusalOf(key: string, trainingJob: TrainingJob): Refusal | null {
    const known = this.refusals.get(key);
    return known?.object === identityOf(trainingJob) ? known.refusal : null;
  }

  private forget(key: string): void {
    this.answers.delete(key);
    this.last.delete(key);
    this.note(key, null);
    this.refusals.delete(key);
    this.said.delete(key);
  }

  private admit(): void {
    this.admitting = null;
    const { granted, preempted } = this.ledger.admit(Date.now());
    for (const key of [...granted, ...preempted.map(({ key }) => key), ...this.postponed]) this.queue.add(key);
    this.postponed.clear();
  }

  private async reconcile(key: string): Promise<void> {
    const { config, kubernetes, api, admission, assertLeader, caches } = this.parts;
    if (caches.stale) return this.queue.addAfter(key, STALE_AGAIN_MS);
    const family = this.family(key);
    if (!family) return this.forget(key);
    const { trainingJob, jobs, pods } = family;
    const attempts = attemptsOf(jobs, pods);
    this.stand(key, trainingJob, attempts);
    const action = nextAction(this.observe(key, trainingJob, attempts));
    if (action.kind === 'wait') return this.wait(key, trainingJob, action);
    assertLeader();
    const { uid } = trainingJob.metadata;
    const told = (job: MirroredJob) => void this.answers.set(key, { uid, job });
    const hands = { kubernetes, api, config, admission, trainingJob, assertLeader, told };
    const refusal = this.refusalOf(key, trainingJob);
    if (refusal && action.kind === 'register') return this.refuse(hands, attempts, refusal);
    const left = this.unseenMs(key, action);
    if (left > 0) return this.queue.addAfter(key, left);
    this.done.set(action.kind, (this.done.get(action.kind) ?? 0) + 1);
    await this.unlessRefused(key, trainingJob, action.kind, () => act(hands, action));
    this.last.set(key, { action, at: Date.now() });
    this.said.delete(key);
    // A place is free, or a wish is fulfilled: the object tells it later. What has begun is seen of its Job.
    const began = action.kind === 'begin' && this.answers.get(key)?.job.live === true;
    if (action.kind === 'end' || action.kind === 'ask' || (action.kind === 'begin' && !began)) this.changed(key);
  }

  /** Milliseconds for which what was just done may not be seen yet; 0: it is to be done. */
  private unseenMs(key: string, action: Action): number {
    const last = this.last.get(key);
    return last && isDeepStrictEqual(last.action, action) ? last.at + SEEN_MS - Date.now() : 0;
  }

  private observe(key: string, trainingJob: Hands['trainingJob'], attempts: SeenAttempt[]): Observed {
    const { admission, config } = this.parts;
    return {
      ...{ trainingJob, attempts, admission, now: Date.now(), ttlMs: 1000 * config.ttlSeconds },
      ...{ place: this.ledger.place(key), preemptFor: this.ledger.preemptFor(key) },
      ...{ withinQuota: this.ledger.isWithinQuota(key), refused: this.refusalOf(key, trainingJob) !== null },
    };
  }

  /** That the service does not take an object is no failure: it is noted, and the object told. */
  private async unlessRefused(
    key: string,
    trainingJob: TrainingJob,
    kind: Action['kind'],
    ask: () => Promise<unknown>,
  ): Promise<void> {
    try {
      await ask();
    } catch (error) {
      const refusal = error instanceof ApiRefusal ? refusalFrom(kind, error) : null;
      if (!refusal) throw error;
      this.refusals.set(key, { object: identityOf(trainingJob), refusal });
      this.changed(key);
    }
  }

  private async wait(key: string, trainingJob: TrainingJob, action: Extract<Action, { kind: 'wait' }>): Promise<void> {
    if (this.parts.admission === 'own' && this.ledger.isNew(key)) return void this.postponed.add(key);
    if (action.ms !== null) this.queue.addAfter(key, Math.max(action.ms, 100));
    if (action.waitsFor === null) this.said.delete(key);
    else await this.say(key, trainingJob, action.waitsFor);
  }

  /** Tells the service what a job waits for, where that has changed. */
  private async say(key: string, trainingJob: TrainingJob, waitsFor: string): Promise<void> {
    const crowd = Math.max(1, this.said.size / SENTENCES);
    const first = { message: trainingJob.status?.message ?? null, next: Date.now() + FIRST_MS * crowd };
    const last = this.said.get(key) ?? first;
    this.said.set(key, last);
    const message = shortened(waitsFor);
    if (last.message === message) return;
    const left = last.next - Date.now();
    if (left > 0) return this.queue.addAfter(key, left);
    this.parts.assertLeader();
    await this.unlessRefused(key, trainingJob, 'wait', () => this.parts.api.waiting(trainingJob, message));
    this.said.set(key, { message, next: Date.now() + WAITING_MS * crowd });
  }

  /** Tells an object that the service does not take it, and takes away what was made for it. */
  private async refuse(hands: Hands, attempts: readonly SeenAttempt[], refusal: Refusal): Promise<void> {
    const { kubernetes, trainingJob } = hands;
    const { name, namespace } = trainingJob.metadata;
    for (const attempt of attempts)
      if (!attempt.deleting) await act(hands, { kind: 'deleteJob', name: attempt.name, uid: attempt.uid });
    const status = refusedStatus(trainingJob, refusal, new Date().toISOString());
    if (isDeepStrictEqual(trainingJob.status, status)) return;
    await kubernetes
      .applyStatus(TRAINING_JOBS, { metadata: { name, namespace }, status }, { force: true })
      .catch((error: unknown) => {
        if (!hasReason(error, 'NotFound')) throw error; // it was deleted just now
      });
  }
}

/** A refusal is of an object as it is: made anew, or labelled otherwise, it may be taken. */
const identityOf = ({ metadata }: TrainingJob): string => `${metadata.uid} ${metadata.labels?.[JOB_LABEL] ?? ''}`;
