import { Tokenizer as Native } from 'tokenizers';
import { z } from 'zod';
import { cutWords } from './words.js';

/** The tokenizers whose words can be encoded one by one: byte-level BPE without a normalizer, as trained here and as GPT-2's. */
const ByWords = z.looseObject({
  normalizer: z.null(),
  pre_tokenizer: z.looseObject({
    type: z.literal('ByteLevel'),
    add_prefix_space: z.boolean(),
    use_regex: z.literal(true).optional(),
  }),
  model: z.looseObject({ type: z.literal('BPE'), dropout: z.null().optional() }),
  added_tokens: z.array(z.looseObject({ content: z.string().min(1) })),
});

/**
 * Printable Latin and its punctuation: there, JavaScript's and the library's character classes cut the same words,
 * whatever version of Unicode each of them has.
 */
const OTHER_THAN_LATIN = /[^\t\x20-\x7e\xa0-\u024f\u2010-\u2027]/;
/** Words that are remembered at most. */
const MOST_WORDS = 1 << 20;

/**
 * Encodes words once and remembers them: text repeats its words, and the library is slow. Gives exactly the ids that the
 * library gives for the whole text.
 */
export class WordEncoder {
  private readonly known = new Map<string, readonly number[]>();

  private constructor(
    /** The same tokenizer, without a space put before its text. */
    private readonly native: Native,
    private readonly prefixSpace: boolean,
    /** Tokens that are found in text before it is cut into words. */
    private readonly added: readonly string[],
  ) {}

  /** @returns null for a tokenizer of another kind */
  static of(file: unknown): WordEncoder | null {
    const parsed = ByWords.safeParse(file);
    if (!parsed.success) return null;
    const { pre_tokenizer, added_tokens } = parsed.data;
    const bare = { ...parsed.data, pre_tokenizer: { ...pre_tokenizer, add_prefix_space: false } };
    const native = Native.fromString(JSON.stringify({ ...bare, truncation: null, padding: null }));
    return new WordEncoder(
      native,
      pre_tokenizer.add_prefix_space,
      added_tokens.map((token) => token.content),
    );
  }

  /** Whether it can encode a text. */
  accepts(text: string): boolean {
    return !OTHER_THAN_LATIN.test(text) && !this.added.some((token) => text.includes(token));
  }

  /** @param texts accepted ones */
  async encode(texts: readonly string[]): Promise<number[][]> {
    const cut = texts.map((text) => cutWords(text, this.prefixSpace));
    const fresh = new Set<string>();
    if (this.known.size > MOST_WORDS) this.known.clear();
    for (const words of cut) for (const word of words) if (!this.known.has(word)) fresh.add(word);
    await this.learn([...fresh]);
    return cut.map((words) => {
      const ids: number[] = [];
      for (const word of words) for (const id of this.known.get(word)!) ids.push(id);
      return ids;
    });
  }

  private async learn(words: readonly string[]): Promise<void> {
    if (words.length === 0) return;
    const encodings = await this.native.encodeBatch([...words], { addSpecialTokens: false });
    words.forEach((word, i) => this.known.set(word, encodings[i]!.getIds()));
  }
}
