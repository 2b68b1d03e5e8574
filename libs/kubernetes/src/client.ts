import type { KubeConfig } from '@kubernetes/client-node';
import { Connection } from './connection.js';
import { hasReason, isExpired } from './errors.js';
import type { Applied, KubernetesObject, MergePatch, Ref, Stored } from './objects.js';
import { type RateLimit, TokenBucket } from './rate-limit.js';
import { apiVersionOf, pathOf, type Resource } from './resources.js';
import { type ApiRequest, type RequestCount, Transport, type Verb } from './transport.js';
import { type WatchEvent, watchEvents } from './watch.js';

export interface ClientOptions {
  /** Owns the fields that this client sets, and is its user agent. */
  fieldManager: string;
  /** Of one attempt; 10 s. */
  timeoutMs?: number;
  /** Attempts after the first; 3. */
  retries?: number;
  /** null, the default: unlimited. */
  rateLimit?: RateLimit | null;
  random?: () => number;
}

export interface Call {
  /** What is under way is given up; the call rejects with its reason. */
  signal?: AbortSignal;
}

export interface Selection extends Call {
  /** Of a namespaced kind; all namespaces without. */
  namespace?: string;
  labelSelector?: string;
  fieldSelector?: string;
}

export interface ListOptions extends Selection {
  /** Objects an answer; all of them are read in any case. 500. */
  limit?: number;
}

export interface WatchOptions extends Selection {
  /** Events after this version. */
  resourceVersion: string;
  /** After which the apiserver ends the watch. */
  timeoutSeconds: number;
  /** When nothing has come for this long, the connection is cut. */
  silenceMs: number;
}

export interface ApplyOptions extends Call {
  /** Take fields over that another manager owns (else 409, reason Conflict). */
  force?: boolean;
}

export interface DeleteOptions extends Call {
  propagationPolicy?: 'Background' | 'Foreground';
  gracePeriodSeconds?: number;
  /** Delete only this very object, in this version (else 409, reason Conflict). */
  preconditions?: { uid?: string; resourceVersion?: string };
}

/**
 * Objects of a Kubernetes API server as plain JSON, typed by the kind. Every call throws KubernetesError. What failed is
 * sent again a few times where that does no harm: never a create that the server may have carried out.
 */
export class KubernetesClient {
  private readonly transport: Transport;
  private readonly fieldManager: string;

  /** @throws UserError KUBERNETES_CONFIG when the kubeconfig names no cluster */
  constructor(config: KubeConfig, options: ClientOptions) {
    const { fieldManager, timeoutMs = 10_000, retries = 3, rateLimit = null, random = Math.random } = options;
    this.fieldManager = fieldManager;
    this.transport = new Transport(new Connection(config), {
      userAgent: fieldManager,
      timeoutMs,
      retries,
      limit: rateLimit && new TokenBucket(rateLimit),
      random,
    });
  }

  /** How many requests there were, attempts counted singly. */
  get requests(): RequestCount[] {
    return this.transport.requests;
  }

  /** @throws KubernetesError reason NotFound when there is none */
  get<T extends KubernetesObject>(of: Resource<T>, ref: Ref, call: Call = {}): Promise<Stored<T>> {
    return this.transport.send({ ...request('get', of, ref), ...call, method: 'GET', idempotent: true });
  }

  /** null when there is none. */
  async find<T extends KubernetesObject>(of: Resource<T>, ref: Ref, call: Call = {}): Promise<Stored<T> | null> {
    return this.get(of, ref, call).catch((error: unknown) => {
      if (hasReason(error, 'NotFound')) return null;
      throw error;
    });
  }

  /** All that are selected, page after page, at one version: the newest. */
  async list<T extends KubernetesObject>(of: Resource<T>, options: ListOptions = {}): Promise<ObjectList<T>> {
    try {
      return await this.listPages(of, options, options.limit ?? 500);
    } catch (error) {
      if (!isExpired(error)) throw error;
      return this.listPages(of, options, undefined); // a page's version was compacted away meanwhile: all in one
    }
  }

  /** @throws KubernetesError reason AlreadyExists, Invalid (see `details.causes`) */
  create<T extends KubernetesObject>(of: Resource<T>, object: T, call: Call = {}): Promise<Stored<T>> {
    const { namespace, name } = object.metadata ?? {};
    return this.transport.send({
      ...request('create', of, { namespace }),
      ...call,
      where: [namespace, name].filter(Boolean).join('/'),
      method: 'POST',
      query: { fieldManager: this.fieldManager },
      body: typed(of, object),
      idempotent: false,
    });
  }

  /** Server-side apply: makes the fields given so, and removes those that this manager had set and does not give now. */
  apply<T extends KubernetesObject>(
    of: Resource<T>,
    object: Applied<T>,
    options: ApplyOptions = {},
  ): Promise<Stored<T>> {
    return this.applyTo(of, object, options, undefined);
  }

  /** The same for the status alone, of a kind whose status is a subresource. */
  applyStatus<T extends KubernetesObject>(
    of: Resource<T>,
    object: Applied<T>,
    options: ApplyOptions = {},
  ): Promise<Stored<T>> {
    return this.applyTo(of, object, options, 'status');
  }

  /**
   * Merges fields into an object (RFC 7386).
   * @param subresource for example `status`
   */
  patch<T extends KubernetesObject>(
    of: Resource<T>,
    ref: Ref,
    { merge }: { merge: MergePatch<T> },
    { subresource, ...call }: Call & { subresource?: string } = {},
  ): Promise<Stored<T>> {
    return this.transport.send({
      ...request('patch', of, ref, subresource),
      ...call,
      method: 'PATCH',
      query: { fieldManager: this.fieldManager },
      body: merge,
      contentType: 'application/merge-patch+json',
      idempotent: true,
    });
  }

  /**
   * `missing` when there was none. `deleted` may mean that its end has begun: finalizers and grace come before it.
   * @throws KubernetesError reason Conflict when a precondition does not hold
   */
  async delete<T extends KubernetesObject>(
    of: Resource<T>,
    ref: Ref,
    { signal, ...options }: DeleteOptions = {},
  ): Promise<'deleted' | 'missing'> {
    try {
      await this.transport.send({
        ...request('delete', of, ref),
        signal,
        method: 'DELETE',
        body: { apiVersion: 'v1', kind: 'DeleteOptions', ...options },
        // Without the uid a second attempt could hit another object that has the name by then.
        idempotent: options.preconditions?.uid !== undefined,
      });
      return 'deleted';
    } catch (error) {
      if (hasReason(error, 'NotFound')) return 'missing';
      throw error;
    }
  }

  /**
   * Opens a watch, with bookmarks; resolves when the apiserver has begun to answer. The events end when the apiserver ends
   * them or the signal aborts.
   * @throws KubernetesError also while the events are read: 410 (`isExpired`), or a connection that breaks or is silent
   */
  async watch<T extends KubernetesObject>(
    of: Resource<T>,
    options: WatchOptions,
  ): Promise<AsyncGenerator<WatchEvent<T>, void, undefined>> {
    const { signal, silenceMs, namespace, ...query } = options;
    const watching: ApiRequest = {
      ...request('watch', of, { namespace }),
      signal,
      method: 'GET',
      query: { ...query, watch: true, allowWatchBookmarks: true },
      idempotent: true,
    };
    const body = await this.transport.open(watching, silenceMs);
    return watchEvents<T>(body, `watch ${watching.resource} ${watching.where}`.trim(), signal);
  }

  /** Cuts what is under way. */
  close(): Promise<void> {
    return this.transport.close();
  }

  private async listPages<T extends KubernetesObject>(
    of: Resource<T>,
    { signal, namespace, labelSelector, fieldSelector }: Selection,
    limit: number | undefined,
  ): Promise<ObjectList<T>> {
    const items: Stored<T>[] = [];
    for (let next: string | undefined; ;) {
      const page = await this.transport.send<Page<T>>({
        ...request('list', of, { namespace }),
        signal,
        method: 'GET',
        query: { labelSelector, fieldSelector, limit, continue: next },
        idempotent: true,
      });
      for (const item of page.items) items.push(item);
      next = page.metadata.continue || undefined;
      if (next === undefined) return { items, resourceVersion: page.metadata.resourceVersion };
    }
  }

  private applyTo<T extends KubernetesObject>(
    of: Resource<T>,
    object: Applied<T>,
    { force = false, signal }: ApplyOptions,
    subresource: string | undefined,
  ): Promise<Stored<T>> {
    return this.transport.send({
      ...request('apply', of, object.metadata, subresource),
      signal,
      method: 'PATCH',
      query: { fieldManager: this.fieldManager, force },
      body: typed(of, object),
      contentType: 'application/apply-patch+yaml', // of which JSON is a part
      idempotent: true,
    });
  }
}

export interface ObjectList<T extends KubernetesObject> {
  /** Without `apiVersion` and `kind`: the apiserver leaves them out. */
  items: Stored<T>[];
  resourceVersion: string;
}

interface Page<T extends KubernetesObject> {
  metadata: { resourceVersion: string; continue?: string };
  items: Stored<T>[];
}

const typed = (of: Resource<KubernetesObject>, object: object) => ({
  ...object,
  apiVersion: apiVersionOf(of),
  kind: of.kind,
});

function request(verb: Verb, of: Resource<KubernetesObject>, ref: Partial<Ref>, subresource?: string) {
  return {
    verb,
    resource: subresource ? `${of.plural}/${subresource}` : of.plural,
    where: [ref.namespace, ref.name].filter(Boolean).join('/'),
    path: pathOf(of, ref, subresource),
  };
}
