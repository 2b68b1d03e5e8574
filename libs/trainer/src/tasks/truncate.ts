/**
 * How many tokens of a and b stay when both may hold `budget` together: the longer one loses first, both end alike, and
 * an odd token goes to the longer. As the `longest_first` of Hugging Face tokenizers.
 */
export function longestFirst(a: number, b: number, budget: number): [number, number] {
  if (a + b <= budget) return [a, b];
  const shorter = Math.min(a, b);
  const half = Math.floor(budget / 2);
  const kept = shorter <= half ? [shorter, budget - shorter] : [half, budget - half];
  return a > b ? [kept[1]!, kept[0]!] : [kept[0]!, kept[1]!];
}

/** Ids of the tokens around texts. */
export interface SpecialIds {
  cls: number;
  sep: number;
}

/** [CLS] a [SEP], or [CLS] a [SEP] b [SEP], of at most maxLength tokens. */
export function joinTexts(texts: readonly Int32Array[], { cls, sep }: SpecialIds, maxLength: number): Int32Array {
  const [a, b] = texts as [Int32Array, Int32Array?];
  const [keptA, keptB] = longestFirst(a.length, b?.length ?? 0, maxLength - (b ? 3 : 2));
  const tokens = [cls, ...a.subarray(0, keptA), sep];
  return Int32Array.from(b ? [...tokens, ...b.subarray(0, keptB), sep] : tokens);
}
