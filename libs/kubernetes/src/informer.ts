import { Cache, type Change, type IndexFunction } from './cache.js';
import type { KubernetesClient, Selection } from './client.js';
import { type Backoff, backoffMs, type Clock, pause, systemClock } from './clock.js';
import { Deferred } from './deferred.js';
import { isExpired, KubernetesError } from './errors.js';
import { isNewer, keyOf, type KubernetesObject, type Stored } from './objects.js';
import type { Resource } from './resources.js';
import type { WatchEvent } from './watch.js';

export interface InformerTiming {
  /** The apiserver ends a watch after this, and sends a bookmark shortly before. */
  watchSeconds: number;
  /** Silence beyond `watchSeconds` after which the connection is taken for dead. */
  graceMs: number;
  /** Between attempts that fail. */
  backoff: Backoff;
}

/** A half-open connection is noticed within 25 s. An idle informer costs one request in 20 s. */
const TIMING: InformerTiming = { watchSeconds: 20, graceMs: 5_000, backoff: { baseMs: 200, mostMs: 10_000 } };
/** Refusals in a row that are no 410, for example of a version that a restored apiserver has not reached: list anew. */
const REFUSALS_BEFORE_LIST = 3;

export interface InformerOptions<T extends KubernetesObject, Index extends string = never> extends Omit<
  Selection,
  'signal'
> {
  /** Values under which `byIndex` finds an object. */
  indexes?: Record<Index, IndexFunction<T>>;
  /** Told of each failure; the informer goes on by itself. */
  onTrouble?: (error: unknown) => void;
  timing?: Partial<InformerTiming>;
  clock?: Clock;
  random?: () => number;
}

/**
 * A copy of all objects that are selected, kept up to date for ever: listed once, then watched; watched again from the last
 * version after whatever ended the watch, listed again where that version is too old. Between two connections the copy is
 * old but never wrong about the past; `ageMs` says how old. `metadata.managedFields` is left out.
 */
export class Informer<T extends KubernetesObject, Index extends string = never> {
  /** How often a watch or a list did not end as it should. */
  restarts = 0;
  /** How often everything was listed; the first time counts. */
  lists = 0;
  private readonly cache: Cache<T, Index>;
  private readonly timing: InformerTiming;
  private readonly clock: Clock;
  private readonly handlers = new Set<(change: Change<T>) => void>();
  private readonly stopping = new AbortController();
  private readonly firstList = new Deferred();
  private running: Promise<void> | null = null;
  /** Up to which everything has been told; null: list. */
  private version: string | null = null;
  private heardAt: number;
  private failures = 0;

  constructor(
    private readonly client: KubernetesClient,
    private readonly resource: Resource<T>,
    private readonly options: InformerOptions<T, Index> = {},
  ) {
    this.cache = new Cache(options.indexes ?? ({} as Record<Index, IndexFunction<T>>));
    this.timing = { ...TIMING, ...options.timing };
    this.clock = options.clock ?? systemClock;
    this.heardAt = this.clock.now();
  }

  start(): this {
    this.running ??= this.supervise();
    return this;
  }

  /** Resolves when nothing is under way any more. The copy stays as it is. */
  async stop(): Promise<void> {
    this.stopping.abort();
    await this.running;
  }

  /** Whether everything has been listed once. */
  get synced(): boolean {
    return this.lists > 0;
  }

  /** Resolves when `synced`; never, when it is stopped before. */
  whenSynced(): Promise<void> {
    return this.firstList.promise;
  }

  /** Since the apiserver was last heard, or since this informer was made. */
  ageMs(): number {
    return this.clock.now() - this.heardAt;
  }

  get size(): number {
    return this.cache.size;
  }

  /** @param key see `keyOf` */
  get(key: string): Stored<T> | null {
    return this.cache.get(key);
  }

  list(): Stored<T>[] {
    return this.cache.values();
  }

  byIndex(name: Index, value: string): Stored<T>[] {
    return this.cache.byIndex(name, value);
  }

  /** Tells of each change, after it; of what is there already at once. The result ends it. Handlers only take note. */
  subscribe(handler: (change: Change<T>) => void): () => void {
    this.handlers.add(handler);
    this.tell(
      this.list().map((object) => ({ key: keyOf(object), old: null, new: object })),
      [handler],
    );
    return () => this.handlers.delete(handler);
  }

  private async supervise(): Promise<void> {
    const { signal } = this.stopping;
    while (!signal.aborted) {
      try {
        this.version ??= await this.relist();
        await this.watch(this.version);
      } catch (error) {
        if (signal.aborted) return;
        this.restarts++;
        this.failures++;
        const refused = error instanceof KubernetesError && error.status !== 0;
        if (isExpired(error) || (refused && this.failures % REFUSALS_BEFORE_LIST === 0)) this.version = null;
        this.options.onTrouble?.(error);
        await pause(backoffMs(this.timing.backoff, this.failures, this.options.random ?? Math.random), signal);
      }
    }
  }

  private async relist(): Promise<string> {
    const { items, resourceVersion } = await this.client.list(this.resource, this.selection());
    this.heardAt = this.clock.now();
    this.lists++;
    this.tell(this.cache.replace(items.map(withoutManagedFields)));
    this.firstList.resolve();
    return resourceVersion;
  }

  /** Returns when the apiserver ends the watch at its time; throws whatever else ends it. */
  private async watch(resourceVersion: string): Promise<void> {
    const { watchSeconds, graceMs } = this.timing;
    const begun = this.clock.now();
    const events = await this.client.watch(this.resource, {
      ...this.selection(),
      resourceVersion,
      timeoutSeconds: watchSeconds,
      silenceMs: watchSeconds * 1000 + graceMs,
    });
    this.heardAt = this.clock.now();
    for await (const event of events) {
      this.heard();
      this.take(event);
    }
    const lived = this.clock.now() - begun;
    if (lived < watchSeconds * 900)
      throw new Error(`watch ${this.resource.plural}: ended after ${(lived / 1000).toFixed(1)} of ${watchSeconds} s`);
    this.heard();
  }

  private take(event: WatchEvent<T>): void {
    const version = event.type === 'BOOKMARK' ? event.resourceVersion : event.object.metadata.resourceVersion;
    // Versions rise from event to event: what is not newer has been told already.
    if (this.version !== null && !isNewer(version, this.version)) return;
    if (event.type === 'DELETED') this.tell(this.cache.delete(event.object));
    else if (event.type !== 'BOOKMARK') this.tell(this.cache.set(withoutManagedFields(event.object)));
    this.version = version;
  }

  /** A watch that works ends a row of failures; a list alone, or a connection that opens, does not. */
  private heard(): void {
    this.heardAt = this.clock.now();
    this.failures = 0;
  }

  private tell(changes: Change<T>[], handlers: Iterable<(change: Change<T>) => void> = this.handlers): void {
    for (const change of changes) {
      for (const handler of handlers) {
        try {
          handler(change);
        } catch (error) {
          this.options.onTrouble?.(error); // the others and the copy go on
        }
      }
    }
  }

  private selection(): Selection {
    const { namespace, labelSelector, fieldSelector } = this.options;
    return { namespace, labelSelector, fieldSelector, signal: this.stopping.signal };
  }
}

function withoutManagedFields<T extends KubernetesObject>(object: Stored<T>): Stored<T> {
  delete object.metadata.managedFields;
  return object;
}
