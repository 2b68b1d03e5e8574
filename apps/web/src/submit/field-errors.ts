import type { ProblemDocument } from '@orestes/contracts';
import { wrongText, type Wrong } from '../show/wrong-text.js';

interface Sorted<F extends string> {
  /** Messages that belong to a field of the form: those at its pointer, and below it. */
  at: Partial<Record<F, string[]>>;
  /** Of places that the form does not show. */
  others: Wrong[];
}

/** Tells a problem's errors apart by the fields that they are about. */
export function fieldErrors<F extends string>(
  problem: ProblemDocument | null,
  pointers: Readonly<Partial<Record<F, string>>>,
): Sorted<F> {
  const sorted: Sorted<F> = { at: {}, others: [] };
  const fields = Object.entries(pointers) as [F, string][];
  for (const error of problem?.errors ?? []) {
    const pointer = error.pointer.replace(/^#/, '');
    const owner = fields.find(([, at]) => pointer === at || pointer.startsWith(`${at}/`));
    if (owner === undefined) {
      sorted.others.push(error);
      continue;
    }
    const [field, at] = owner;
    sorted.at[field] = [...(sorted.at[field] ?? []), below(pointer, at) + wrongText(error)];
  }
  return sorted;
}

/** Names the place below a field, such as the one label that is wrong. */
const below = (pointer: string, at: string): string =>
  pointer === at
    ? ''
    : `${pointer
        .slice(at.length + 1)
        .replaceAll('~1', '/')
        .replaceAll('~0', '~')}: `;
