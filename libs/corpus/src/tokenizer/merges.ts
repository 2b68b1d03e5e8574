import { PairQueue, type QueuedPair } from './pair-queue.js';

/** Symbols have ids below it, so a pair fits into an exact double. */
const RADIX = 2 ** 21;
/** A pair seen less often is not worth a place in the vocabulary. */
const MIN_COUNT = 2;

/** A word as symbols; `symbols` shrinks as pairs are merged. */
interface Word {
  symbols: number[];
  count: number;
}

/** A merge by its symbols' places in `spellings`. */
export interface Merges {
  /** Spelling of each symbol: the 256 bytes first, then what the merges made, without repetition. */
  spellings: string[];
  pairs: [left: number, right: number][];
}

/**
 * Byte-pair encoding (Sennrich et al. 2016): merges the most frequent pair of neighbouring symbols, again and again. Pair
 * counts are kept up to date word by word; a heap finds the most frequent one. Deterministic: ties go to the pair of older
 * symbols, and the order of the words does not matter.
 * @param words words and how often they occur
 * @param bytes spelling of each of the 256 bytes
 * @param most symbols at most, bytes included. Fewer where no pair is left that occurs twice
 */
export function learnMerges(
  words: Iterable<[word: string, count: number]>,
  bytes: readonly string[],
  most: number,
): Merges {
  const learner = new MergeLearner(words, bytes);
  while (learner.spellings.length < most && learner.mergeBest());
  return { spellings: learner.spellings, pairs: learner.pairs };
}

class MergeLearner implements Merges {
  readonly pairs: [number, number][] = [];
  readonly spellings: string[];
  private readonly symbols: Map<string, number>;
  private readonly words: Word[];
  private readonly counts = new Map<number, number>();
  /** Words that held the pair at some time. */
  private readonly holders = new Map<number, Set<number>>();
  private readonly queue = new PairQueue();

  constructor(words: Iterable<[string, number]>, bytes: readonly string[]) {
    this.spellings = [...bytes];
    this.symbols = new Map(bytes.map((spelling, symbol) => [spelling, symbol]));
    this.words = Array.from(words, ([word, count]) => ({ symbols: [...Buffer.from(word)], count }));
    this.words.forEach((word, index) => this.countPairs(word, index, 1));
    for (const [pair, count] of this.counts) this.enqueue(pair, count);
  }

  /** @returns false when no pair is left */
  mergeBest(): boolean {
    for (let best; (best = this.queue.pop());) {
      const count = this.counts.get(keyOf(best)) ?? 0;
      // Counts fall without the queue being told; a stale entry goes back with what is true now.
      if (count !== best.count) this.enqueue(keyOf(best), count);
      else {
        this.pairs.push([best.left, best.right]);
        this.merge(best, this.symbolOf(this.spellings[best.left]! + this.spellings[best.right]!));
        return true;
      }
    }
    return false;
  }

  /** Two merges may spell the same: (a, bc) and (ab, c) are one symbol. */
  private symbolOf(spelling: string): number {
    const known = this.symbols.get(spelling);
    if (known !== undefined) return known;
    this.symbols.set(spelling, this.spellings.length);
    return this.spellings.push(spelling) - 1;
  }

  private merge(best: QueuedPair, symbol: number): void {
    const pair = keyOf(best);
    const raised = new Set<number>();
    for (const index of this.holders.get(pair) ?? []) {
      const word = this.words[index]!;
      const merged = replacePair(word.symbols, best.left, best.right, symbol);
      if (merged.length === word.symbols.length) continue;
      this.countPairs(word, index, -1);
      word.symbols = merged;
      this.countPairs(word, index, 1, raised, symbol);
    }
    this.counts.delete(pair);
    this.holders.delete(pair);
    for (const key of raised) this.enqueue(key, this.counts.get(key)!);
  }

  /** @param raised receives the pairs that hold `symbol`: the only ones whose counts grow */
  private countPairs(
    { symbols, count }: Word,
    index: number,
    sign: 1 | -1,
    raised?: Set<number>,
    symbol?: number,
  ): void {
    for (let i = 0; i + 1 < symbols.length; i++) {
      const left = symbols[i]!;
      const right = symbols[i + 1]!;
      const pair = left * RADIX + right;
      this.counts.set(pair, (this.counts.get(pair) ?? 0) + sign * count);
      if (sign < 0) continue;
      const isNew = raised === undefined || left === symbol || right === symbol;
      if (!isNew) continue;
      raised?.add(pair);
      const holders = this.holders.get(pair);
      if (holders) holders.add(index);
      else this.holders.set(pair, new Set([index]));
    }
  }

  private enqueue(pair: number, count: number): void {
    if (count >= MIN_COUNT) this.queue.push({ left: Math.floor(pair / RADIX), right: pair % RADIX, count });
  }
}

const keyOf = ({ left, right }: QueuedPair) => left * RADIX + right;

function replacePair(symbols: readonly number[], left: number, right: number, symbol: number): number[] {
  const out: number[] = [];
  for (let i = 0; i < symbols.length; i++) {
    if (symbols[i] === left && symbols[i + 1] === right) {
      out.push(symbol);
      i++;
    } else out.push(symbols[i]!);
  }
  return out;
}
