/**
 * Area under the ROC curve: the probability that a positive scores above a negative, ties counting half (Hanley and McNeil
 * 1982). Exact; null when a class is missing.
 * @param labels 1 positive, 0 negative, anything else is left out
 */
export function auroc(scores: ArrayLike<number>, labels: ArrayLike<number>): number | null {
  const positives = sorted(scores, labels, 1);
  const negatives = sorted(scores, labels, 0);
  if (positives.length === 0 || negatives.length === 0) return null;
  let [below, notAbove, twice] = [0, 0, 0];
  for (const score of positives) {
    while (below < negatives.length && negatives[below]! < score) below++;
    while (notAbove < negatives.length && negatives[notAbove]! <= score) notAbove++;
    twice += below + notAbove;
  }
  return twice / (2 * positives.length * negatives.length);
}

function sorted(scores: ArrayLike<number>, labels: ArrayLike<number>, label: number): Float64Array {
  const chosen: number[] = [];
  for (let i = 0; i < labels.length; i++) if (labels[i] === label) chosen.push(scores[i]!);
  return Float64Array.from(chosen).sort();
}

/** How well replaced tokens (positive) are told from originals. */
export interface Detection {
  accuracy: number;
  /** 2 TP / (2 TP + FP + FN); 0 when nothing is positive on either side. */
  f1: number;
  /** null when a class is missing. */
  auroc: number | null;
  /** Tokens counted. */
  tokens: number;
  /** Share of the tokens that are replaced. */
  replaced: number;
}

/**
 * Measures of replaced token detection; a token is called replaced when its logit is positive.
 * @param labels 1 replaced, 0 original, -1 padding
 */
export function detection(logits: ArrayLike<number>, labels: ArrayLike<number>): Detection {
  let [tokens, positives, called, both] = [0, 0, 0, 0];
  for (let i = 0; i < labels.length; i++) {
    if (labels[i] === -1) continue;
    const isReplaced = labels[i] === 1;
    const isCalled = logits[i]! > 0;
    tokens++;
    if (isReplaced) positives++;
    if (isCalled) called++;
    if (isReplaced && isCalled) both++;
  }
  return {
    accuracy: (tokens - positives - called + 2 * both) / tokens,
    f1: positives + called === 0 ? 0 : (2 * both) / (positives + called),
    auroc: auroc(logits, labels),
    tokens,
    replaced: positives / tokens,
  };
}
