import { isDeepStrictEqual } from 'node:util';
import { Pending, type Rank } from './pending.js';
import { Usage, type Claim, type Queue } from './quotas.js';

/** How a job stands to its queue. */
export interface Standing extends Rank {
  name: string;
  claim: Claim;
  /** `held`: its pods run or may start; `pending`: it may start as soon as there is room. */
  state: 'held' | 'pending';
  /** Milliseconds since 1970 of what it would go on from, its newest checkpoint or its start: what came after is lost with it. */
  savedAt: number;
}

interface Entry {
  standing: Standing;
  /** Pending, and given its place, which counts as held. */
  granted: boolean;
  /** Rounds of admission before it began to wait. */
  since: number;
}

interface Line {
  usage: Usage;
  pending: Pending;
  held: Set<Entry>;
}

export interface Round {
  /** Keys of jobs that have their places now. */
  granted: string[];
  /** Held jobs that are to make room. */
  preempted: { key: string; for: string }[];
}

/**
 * Who holds what of each queue's quota, and who waits. Jobs start whole or not at all. In a queue the first in line is the next
 * to start: nobody overtakes it, so that a job of many GPUs starts some day. It may take the places of jobs of a lower priority:
 * first of the lowest priority, then of those that lose the least work since they were saved.
 */
export class Ledger {
  private readonly queues: Map<string, Line>;
  /** Queues of which something has changed since the last round. */
  private readonly changed = new Set<string>();
  private rounds = 0;
  private readonly entries = new Map<string, Entry>();
  /** Held job -> the key of the one that it makes room for. */
  private readonly yielding = new Map<string, string>();

  constructor(queues: readonly Queue[]) {
    const line = (queue: Queue): Line => ({ usage: new Usage(queue), pending: new Pending(), held: new Set() });
    this.queues = new Map(queues.map((queue) => [queue.name, line(queue)]));
  }

  /**
   * Notes how a job stands; null: it wants nothing. A place that was granted stays granted until the job holds it.
   * @returns whether anything has changed
   */
  set(key: string, standing: Standing | null): boolean {
    const old = this.entries.get(key);
    if (isDeepStrictEqual(old?.standing ?? null, standing)) return false;
    const granted = old?.granted === true && standing?.state === 'pending';
    if (old) this.take(old);
    if (standing === null) {
      this.entries.delete(key);
      this.yielding.delete(key);
      return true;
    }
    if (standing.state === 'pending') this.yielding.delete(key);
    this.put({ standing, granted, since: old?.standing.state === 'pending' ? old.since : this.rounds });
    return true;
  }

  /** Gives what is free to those who are next. */
  admit(now: number): Round {
    const round: Round = { granted: [], preempted: [] };
    this.rounds++;
    for (const line of [...this.changed].flatMap((name) => this.queues.get(name) ?? [])) {
      const { usage, pending } = line;
      for (let next = pending.first(); next; next = pending.first()) {
        const entry = this.entries.get(next.key)!;
        if (!usage.fits(entry.standing.claim)) {
          round.preempted.push(...this.makeRoom(entry.standing, line, now));
          break;
        }
        this.take(entry);
        this.put({ ...entry, granted: true });
        round.granted.push(entry.standing.key);
      }
    }
    this.changed.clear();
    return round;
  }

  /** Whether it waits for a round of admission to look at it for the first time. */
  isNew(key: string): boolean {
    const entry = this.entries.get(key);
    return entry?.standing.state === 'pending' && entry.since === this.rounds;
  }

  place(key: string): { granted: true } | { granted: false; waitsFor: string } {
    const entry = this.entries.get(key);
    if (entry?.granted) return { granted: true };
    return { granted: false, waitsFor: entry ? this.whyNot(entry.standing) : 'It is being looked at.' };
  }

  /** The name of the job that a held one is to make room for. */
  preemptFor(key: string): string | null {
    const other = this.yielding.get(key);
    return other === undefined ? null : (this.entries.get(other)?.standing.name ?? 'another job');
  }

  /** GPUs held by queue and product, and jobs that wait: for metrics. */
  *figures(): Generator<{ queue: string; flavor: string; held: number; limit: number; waiting: number }> {
    for (const [queue, { usage, pending }] of this.queues)
      for (const [flavor, limit] of Object.entries(usage.queue.gpus))
        yield { queue, flavor, held: usage.held(flavor), limit, waiting: pending.size };
  }

  /** Whether the quota has what a job holds, with all that others hold. */
  isWithinQuota(key: string): boolean {
    const claim = this.entries.get(key)?.standing.claim;
    return claim !== undefined && this.queues.get(claim.queue)?.usage.holds(claim) === true;
  }

  private whyNot({ claim, priority, id, key }: Standing): string {
    const queue = this.queues.get(claim.queue);
    if (!queue) return `There is no queue ${claim.queue} (there are ${[...this.queues.keys()].join(', ')}).`;
    const { usage, pending } = queue;
    if (!usage.everFits(claim)) return `It can never start: ${usage.shortage(claim)}.`;
    const ahead = pending.ahead({ priority, id, key });
    if (ahead > 0)
      return `It waits in queue ${claim.queue}: ${ahead} ${ahead === 1 ? 'job is' : 'jobs are'} ahead of it.`;
    return usage.fits(claim) ? 'It is next: its queue has room.' : `It waits for quota: ${usage.shortage(claim)}.`;
  }

  /** The places that are to be given up for a claim; none where that would not be enough, or is under way. */
  private makeRoom(wanting: Standing, { usage, held }: Line, now: number): Round['preempted'] {
    if (!usage.everFits(wanting.claim)) return [];
    const trial = usage.copy();
    const standings = [...held].map(({ standing }) => standing);
    for (const { key, claim } of standings) if (this.yielding.has(key)) trial.change(claim, -1);
    const victims = standings
      .filter(({ key, priority }) => priority < wanting.priority && !this.yielding.has(key))
      .sort((a, b) => a.priority - b.priority || lost(a, now) - lost(b, now) || (a.id < b.id ? 1 : -1));
    const chosen = takeWhile(victims, ({ claim }) => {
      if (trial.fits(wanting.claim)) return false;
      trial.change(claim, -1);
      return true;
    });
    if (!trial.fits(wanting.claim)) return [];
    // Who was chosen before a larger one may not be needed; those who lose the most are spared first.
    const needed = chosen.reverse().filter(({ claim }) => {
      trial.change(claim, 1);
      if (trial.fits(wanting.claim)) return false;
      trial.change(claim, -1);
      return true;
    });
    for (const { key } of needed) this.yielding.set(key, wanting.key);
    return needed.map(({ key }) => ({ key, for: wanting.key }));
  }

  private put(entry: Entry): void {
    const { standing, granted } = entry;
    this.entries.set(standing.key, entry);
    const queue = this.queues.get(standing.claim.queue);
    this.changed.add(standing.claim.queue);
    if (standing.state === 'held') queue?.held.add(entry);
    if (standing.state === 'held' || granted) queue?.usage.change(standing.claim, 1);
    // Who can never start keeps nobody waiting.
    else if (queue?.usage.everFits(standing.claim)) queue.pending.add(standing);
  }

  private take(entry: Entry): void {
    const { standing, granted } = entry;
    this.entries.delete(standing.key);
    const queue = this.queues.get(standing.claim.queue);
    this.changed.add(standing.claim.queue);
    queue?.held.delete(entry);
    if (standing.state === 'held' || granted) queue?.usage.change(standing.claim, -1);
    else queue?.pending.remove(standing);
  }
}

function takeWhile<T>(items: readonly T[], take: (item: T) => boolean): T[] {
  const end = items.findIndex((item) => !take(item));
  return items.slice(0, end < 0 ? items.length : end);
}

const lost = ({ savedAt }: Standing, now: number) => now - savedAt;
