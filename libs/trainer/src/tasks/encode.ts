import type { Tokenizer } from '@orestes/corpus';
import type { EncodedExample } from './batches.js';
import type { Example, LoadedTask } from './task.js';
import { joinTexts } from './truncate.js';

/** Texts that are handed to the tokenizer at once. */
const CHUNK = 4096;

/** Examples as the encoder reads them: at most maxLength tokens each, scores normalised. */
export async function encodeExamples(
  examples: readonly Example[],
  tokenizer: Tokenizer,
  options: { maxLength: number } & Pick<LoadedTask, 'shift' | 'scale'>,
): Promise<EncodedExample[]> {
  const { maxLength, shift, scale } = options;
  const encoded: EncodedExample[] = [];
  for (let start = 0; start < examples.length; start += CHUNK) {
    const chunk = examples.slice(start, start + CHUNK);
    const ids = await tokenizer.encode(chunk.flatMap((e) => e.text));
    let next = 0;
    for (const { text, target } of chunk) {
      const texts = ids.slice(next, (next += text.length)).map((t) => Int32Array.from(t));
      encoded.push({ tokens: joinTexts(texts, tokenizer.special, maxLength), target: (target - shift) / scale });
    }
  }
  return encoded;
}
