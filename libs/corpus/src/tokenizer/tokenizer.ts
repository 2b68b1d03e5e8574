import { UserError, sha256, type SpecialTokens } from '@orestes/contracts';
import { Tokenizer as Native } from 'tokenizers';
import { z } from 'zod';
import { findSpecialTokens } from './special.js';
import { WordEncoder } from './word-encoder.js';

/** What is read of a tokenizer.json here; the rest is for the library. */
const TokenizerFile = z.looseObject({
  added_tokens: z.array(z.looseObject({ content: z.string(), special: z.boolean().optional() })).optional(),
});

/** A Hugging Face tokenizer, ready to cut text into ids. */
export interface Tokenizer {
  readonly json: Uint8Array;
  readonly sha256: string;
  /** Every id is below it. */
  readonly vocabularySize: number;
  readonly special: SpecialTokens;
  /** All special ids, ascending. */
  readonly specialIds: number[];
  /** Ids of each text, without special tokens at its ends. */
  encode(texts: readonly string[]): Promise<number[][]>;
}

/**
 * Opens a tokenizer.json. Its own truncation and padding are switched off: the packing decides about lengths.
 * @param where names the file in messages
 * @throws UserError TOKENIZER_INVALID
 */
export function openTokenizer(json: Uint8Array, where: string): Tokenizer {
  const { native, words, specialTokens } = parse(json, where);
  const special = findSpecialTokens((token) => native.tokenToId(token), where);
  // By name: the library gives ids of its own to added tokens whose ids leave a gap.
  const ids = [...Object.values(special), ...specialTokens.map((token) => native.tokenToId(token))];
  return {
    json,
    sha256: sha256(json),
    vocabularySize: Object.values(native.getVocab(true)).reduce((most, id) => Math.max(most, id), 0) + 1,
    special,
    specialIds: [...new Set(ids.filter((id) => id !== null))].sort((a, b) => a - b),
    encode: (texts) => encode(texts, native, words),
  };
}

/** Texts that the word encoder accepts go there, the others to the library. */
async function encode(texts: readonly string[], native: Native, words: WordEncoder | null): Promise<number[][]> {
  const isByWords = texts.map((text) => words?.accepts(text) ?? false);
  const others = texts.filter((_, i) => !isByWords[i]);
  const whole = others.length ? await native.encodeBatch(others, { addSpecialTokens: false }) : [];
  const cut = words ? await words.encode(texts.filter((_, i) => isByWords[i])) : [];
  let nextWhole = 0;
  let nextCut = 0;
  return isByWords.map((byWords) => (byWords ? cut[nextCut++]! : whole[nextWhole++]!.getIds()));
}

function parse(
  json: Uint8Array,
  where: string,
): { native: Native; words: WordEncoder | null; specialTokens: string[] } {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(json);
    const file: unknown = JSON.parse(text);
    const { added_tokens = [] } = TokenizerFile.parse(file);
    const native = Native.fromString(text);
    native.disableTruncation();
    native.disablePadding();
    const specialTokens = added_tokens.filter((t) => t.special).map((t) => t.content);
    return { native, words: WordEncoder.of(file), specialTokens };
  } catch (error) {
    const why = error instanceof Error ? error.message.split('\n')[0] : String(error);
    throw new UserError('TOKENIZER_INVALID', `${where}: is not a Hugging Face tokenizer.json: ${why}`, {
      cause: error,
    });
  }
}
