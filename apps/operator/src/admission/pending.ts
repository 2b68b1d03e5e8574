/** Rank among those that wait: a higher priority first, then the older job. Ids of version 7 rise with time. */
export interface Rank {
  priority: number;
  id: string;
  /** Of its object: two objects may say that they are of one job, until they are found out. */
  key: string;
}

const before = (a: Rank, b: Rank): boolean => {
  if (a.priority !== b.priority) return a.priority > b.priority;
  return a.id === b.id ? a.key < b.key : a.id < b.id;
};

/** Jobs of one queue that wait, in order. */
export class Pending {
  private readonly ranks: Rank[] = [];

  get size(): number {
    return this.ranks.length;
  }

  add(rank: Rank): void {
    this.ranks.splice(this.place(rank), 0, rank);
  }

  remove(rank: Rank): void {
    const at = this.place(rank);
    if (this.ranks[at]?.key === rank.key) this.ranks.splice(at, 1);
  }

  first(): Rank | undefined {
    return this.ranks[0];
  }

  /** How many come first. */
  ahead(rank: Rank): number {
    return this.place(rank);
  }

  /** Place of the first that does not come before. */
  private place(rank: Rank): number {
    let [low, high] = [0, this.ranks.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (before(this.ranks[middle]!, rank)) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
