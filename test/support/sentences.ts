import { uniform } from './random.js';
import { documents } from './tiny.js';

/** Labelled sentences in GLUE's SST-2 format: a header, then text and label; label 1 where the first word is long. */
export function sentences(count: number, seed: number): string {
  const words = documents(40).flatMap((text) => text.split(' '));
  const next = uniform(seed);
  const rows = Array.from({ length: count }, () => {
    const start = Math.floor(next() * (words.length - 20));
    const text = words.slice(start, start + 3 + Math.floor(next() * 15));
    return `${text.join(' ')}\t${text[0]!.length > 4 ? 1 : 0}`;
  });
  return ['sentence\tlabel', ...rows, ''].join('\n');
}
