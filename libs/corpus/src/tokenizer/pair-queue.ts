/** A pair of neighbouring symbols and how often it was seen when it was queued. */
export interface QueuedPair {
  left: number;
  right: number;
  count: number;
}

/** The most frequent first; of equals the pair of older symbols, so that the order is total. */
const before = (a: QueuedPair, b: QueuedPair) =>
  a.count !== b.count ? a.count > b.count : a.left !== b.left ? a.left < b.left : a.right < b.right;

/** A binary heap of pairs. */
export class PairQueue {
  private readonly heap: QueuedPair[] = [];

  push(pair: QueuedPair): void {
    const { heap } = this;
    let at = heap.push(pair) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!before(pair, heap[parent]!)) break;
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = pair;
  }

  pop(): QueuedPair | undefined {
    const { heap } = this;
    const top = heap[0];
    const last = heap.pop();
    if (top === undefined || last === undefined || heap.length === 0) return top;
    let at = 0;
    for (let child; (child = 2 * at + 1) < heap.length; at = child) {
      if (child + 1 < heap.length && before(heap[child + 1]!, heap[child]!)) child++;
      if (!before(heap[child]!, last)) break;
      heap[at] = heap[child]!;
    }
    heap[at] = last;
    return top;
  }
}
