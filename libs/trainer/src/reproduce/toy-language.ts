import { threefry } from '@orestes/engine';

/** The toy language. Token 0 is [MASK]; 1 to 63 are words. */
export const LANGUAGE = {
  vocabulary: 64,
  words: 63,
  mask: 0,
  topics: 2,
  /** Probability that the topic changes before a word. */
  switching: 0.1,
  /** Probability of a word's first, second, ... successor. */
  successors: [0.6, 0.3, 0.1],
} as const;

const FANOUT = LANGUAGE.successors.length;

/**
 * The chains of a language: for each topic and word, as many distinct successors as `LANGUAGE.successors` has
 * probabilities, chosen uniformly. The topics share their words and differ in what follows what.
 * @param seed of the language
 * @returns int32 [topics, vocabulary, successors]; the rows of [MASK] stay 0
 */
export function toyLanguage(seed: number): Int32Array {
  const { topics, vocabulary, words } = LANGUAGE;
  const chains = new Int32Array(topics * vocabulary * FANOUT);
  for (let row = 0; row < topics * vocabulary; row++) {
    if (row % vocabulary === LANGUAGE.mask) continue;
    const chosen = new Set<number>();
    for (let n = 0; chosen.size < FANOUT; n++)
      chosen.add(1 + ((threefry([seed, 0x6c616e67], [row, n])[0] >>> 0) % words));
    chains.set([...chosen], row * FANOUT);
  }
  return chains;
}

/**
 * The word that follows another in a topic.
 * @param uniform in [0, 1)
 */
export function drawSuccessor(chains: Int32Array, topic: number, word: number, uniform: number): number {
  let rest = uniform;
  let rank = 0;
  while (rank < FANOUT - 1 && rest >= LANGUAGE.successors[rank]!) rest -= LANGUAGE.successors[rank++]!;
  return chains[(topic * LANGUAGE.vocabulary + word) * FANOUT + rank]!;
}
