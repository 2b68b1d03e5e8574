import { UserError, type CorpusSpec } from '@orestes/contracts';
import { locate, type TextSource } from '../text/index.js';
import { openTokenizer, type Tokenizer } from '../tokenizer/tokenizer.js';
import { trainTokenizer } from '../tokenizer/train.js';
import { WordCounter } from '../tokenizer/words.js';
import { readPassages } from './read-passages.js';

/**
 * The tokenizer that a spec asks for: read from a file, or trained on the spec's text.
 * @param report called with stored bytes of the text as they are read
 * @throws UserError TOKENIZER_MISSING, TOKENIZER_INVALID, TOKENIZER_NO_TEXT
 */
export async function obtainTokenizer(
  { tokenizer }: CorpusSpec,
  sources: readonly TextSource[],
  report: (bytes: number) => void,
): Promise<Tokenizer> {
  if ('path' in tokenizer) return openTokenizer(await readTokenizer(tokenizer.path), tokenizer.path);
  const words = new WordCounter();
  await readPassages(sources, report, (passages) => passages.forEach(({ text }) => words.add(text)));
  return openTokenizer(trainTokenizer(words, tokenizer.train.vocabularySize), 'trained tokenizer');
}

async function readTokenizer(address: string): Promise<Uint8Array> {
  const { store, key } = locate(address);
  if (!(await store.head(key)))
    throw new UserError(
      'TOKENIZER_MISSING',
      `spec.tokenizer.path: ${address}: no such file (a tokenizer.json is needed)`,
    );
  return store.get(key);
}
