import { hasReason } from './errors.js';
import type { KubernetesClient } from './client.js';
import type { Clock } from './clock.js';
import type { MergePatch, Ref, Stored } from './objects.js';
import { type Lease, LEASES } from './resources.js';

export interface Held {
  lease: Stored<Lease>;
  /** The monotonic moment before the write that the apiserver accepted: no other may take the lease over until a lease's duration later. */
  since: number;
}

/** One candidate's view of a Lease. Every write names the version it is based on, so that of two at once one is refused. */
export class LeaseRecord {
  /** The last version seen, and when: a lease has expired when this long nobody changed it, by this process's own clock. */
  private seen: { version: string; at: number } | null = null;
  /** Epochs of a Lease that was deleted meanwhile must not be given again, as far as this process knows them. */
  private highest = 0;

  constructor(
    private readonly client: KubernetesClient,
    private readonly ref: Required<Ref>,
    private readonly identity: string,
    private readonly durationMs: number,
    private readonly clock: Clock,
  ) {}

  /**
   * Takes the lease if it is free, released, expired or already in this name; else says in how many ms it would expire.
   * Each success has an epoch (`leaseTransitions`) above all earlier ones.
   */
  async acquire(): Promise<Held | { expiresInMs: number }> {
    const lease = await this.client.find(LEASES, this.ref);
    const since = this.clock.now();
    if (!lease) return this.create(since);
    const { holderIdentity, leaseTransitions = 0, leaseDurationSeconds } = lease.spec ?? {};
    const expiresInMs = this.observe(lease) + (leaseDurationSeconds ?? this.durationMs / 1000) * 1000 - since;
    this.highest = Math.max(this.highest, leaseTransitions);
    if (holderIdentity && holderIdentity !== this.identity && expiresInMs > 0) return { expiresInMs };
    return this.write(lease, { ...this.claim(), acquireTime: microTime(), leaseTransitions: this.highest + 1 }, since);
  }

  /** Terms up to that have been given elsewhere. */
  skipTo(epoch: number): void {
    if (epoch > this.highest) this.highest = epoch;
  }

  /** @throws KubernetesError reason Conflict when the lease was changed by another, NotFound when it was deleted */
  async renew({ lease }: Held): Promise<Held> {
    const since = this.clock.now();
    try {
      return await this.write(lease, this.claim(), since);
    } catch (error) {
      if (!hasReason(error, 'Conflict')) throw error;
      // An own renewal whose answer was lost, or labels: still ours while holder and epoch are the same.
      const now = await this.client.get(LEASES, this.ref);
      const same = (['holderIdentity', 'leaseTransitions'] as const).every((f) => now.spec?.[f] === lease.spec?.[f]);
      if (!same) throw error;
      return this.write(now, this.claim(), since);
    }
  }

  /** The next may take it at once. */
  async release({ lease }: Held): Promise<void> {
    await this.write(lease, { holderIdentity: '', leaseDurationSeconds: 1, renewTime: microTime() }, 0);
  }

  private claim(): MergePatch<NonNullable<Lease['spec']>> {
    const leaseDurationSeconds = Math.ceil(this.durationMs / 1000);
    return { holderIdentity: this.identity, leaseDurationSeconds, renewTime: microTime() };
  }

  private async create(since: number): Promise<Held> {
    const spec = { holderIdentity: this.identity, leaseDurationSeconds: Math.ceil(this.durationMs / 1000) };
    const times = { acquireTime: microTime(), renewTime: microTime(), leaseTransitions: this.highest + 1 };
    return this.held(await this.client.create(LEASES, { metadata: this.ref, spec: { ...spec, ...times } }), since);
  }

  private async write(
    lease: Stored<Lease>,
    spec: MergePatch<NonNullable<Lease['spec']>>,
    since: number,
  ): Promise<Held> {
    const { uid, resourceVersion } = lease.metadata;
    const merge: MergePatch<Lease> = { metadata: { uid, resourceVersion }, spec };
    return this.held(await this.client.patch(LEASES, this.ref, { merge }), since);
  }

  private held(lease: Stored<Lease>, since: number): Held {
    this.observe(lease);
    this.highest = Math.max(this.highest, lease.spec?.leaseTransitions ?? 0);
    return { lease, since };
  }

  /** When this version was first seen. */
  private observe({ metadata: { uid, resourceVersion } }: Stored<Lease>): number {
    const version = `${uid} ${resourceVersion}`;
    if (this.seen?.version !== version) this.seen = { version, at: this.clock.now() };
    return this.seen.at;
  }
}

/** RFC 3339 with microseconds, as a Lease wants it; for people alone, no decision is based on it. */
const microTime = () => new Date().toISOString().replace('Z', '000Z');
