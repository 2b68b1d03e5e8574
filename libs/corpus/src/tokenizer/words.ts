/** How GPT-2 (Radford et al. 2019) cuts text into words; the `ByteLevel` pre-tokenizer of Hugging Face does the same. */
const WORDS = /'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+/gu;

/**
 * Cuts a text into words.
 * @param prefixSpace put a space before a text that has none there, as `add_prefix_space` does
 */
export function cutWords(text: string, prefixSpace: boolean): readonly string[] {
  return (prefixSpace && /^[^ ]/.test(text) ? ` ${text}` : text).match(WORDS) ?? [];
}

/** Longer words teach a vocabulary nothing: base64, rows of dashes. In UTF-16 units. */
const MAX_WORD = 64;
/** A Map holds 2^24 entries; before that, memory runs short. */
const MOST_WORDS = 1 << 22;

/** Counts the words of a text, as the trained tokenizer will cut it. */
export class WordCounter {
  private readonly counts = new Map<string, number>();
  /** Words seen so often, or less, are forgotten when there are too many: they would not make it into a merge. */
  private rare = 1;

  constructor(private readonly mostWords = MOST_WORDS) {}

  add(text: string): void {
    const { counts } = this;
    for (const word of cutWords(text, true)) if (word.length <= MAX_WORD) counts.set(word, (counts.get(word) ?? 0) + 1);
    while (counts.size > this.mostWords) this.forgetRare();
  }

  get size(): number {
    return this.counts.size;
  }

  [Symbol.iterator](): Iterator<[word: string, count: number]> {
    return this.counts[Symbol.iterator]();
  }

  private forgetRare(): void {
    for (const [word, count] of this.counts) if (count <= this.rare) this.counts.delete(word);
    if (this.counts.size > this.mostWords / 2) this.rare *= 2;
  }
}

/**
 * The printable characters that stand for bytes in a byte-level vocabulary: printable Latin-1 for itself, the other 68
 * bytes from U+0100 on (Radford et al. 2019, `bytes_to_unicode`).
 */
export const BYTE_CHARACTERS: readonly string[] = byteCharacters();

function byteCharacters(): string[] {
  const printable = (b: number) => (b >= 0x21 && b <= 0x7e) || (b >= 0xa1 && b <= 0xac) || (b >= 0xae && b <= 0xff);
  let next = 0x100;
  return Array.from({ length: 256 }, (_, b) => String.fromCharCode(printable(b) ? b : next++));
}
