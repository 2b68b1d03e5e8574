import { describe, expect, it } from '@jest/globals';
import { Tokenizer as Native } from 'tokenizers';
import { learnMerges } from './merges.js';
import { openTokenizer } from './tokenizer.js';
import { trainTokenizer } from './train.js';
import { BYTE_CHARACTERS, WordCounter } from './words.js';

const TEXT = [
  'The quick brown fox jumps over the lazy dog. The dog sleeps; the fox does not.',
  "It's the fox's way: jumping, leaping, running over lazy dogs, quickly and often.",
  'Der schnelle braune Fuchs springt über den faulen Hund. 🦊🦊 日本語 日本 2023 2024',
];

function train(lines: readonly string[], size: number): Uint8Array {
  const words = new WordCounter();
  for (const line of lines) words.add(line);
  return trainTokenizer(words, size);
}

describe('trainTokenizer', () => {
  it('gives the same bytes for the same text, in any order', () => {
    const first = train(TEXT, 340);
    expect(Buffer.compare(first, train(TEXT, 340))).toBe(0);
    expect(Buffer.compare(first, train([...TEXT].reverse(), 340))).toBe(0);
    expect(Buffer.compare(first, train(TEXT.slice(1), 340))).not.toBe(0);
  });

  it('writes a file that Hugging Face tokenizers load, of the size asked for', () => {
    const tokenizer = openTokenizer(train(TEXT, 300), 'x');
    expect(tokenizer.vocabularySize).toBe(300);
    expect(tokenizer.special).toEqual({ pad: 0, unk: 1, cls: 2, sep: 3, mask: 4 });
    expect(tokenizer.specialIds).toEqual([0, 1, 2, 3, 4]);
  });

  it('stops where no pair occurs twice', () => {
    expect(openTokenizer(train(['a b c'], 340), 'x').vocabularySize).toBe(261);
  });

  it('says that there is no text', () => {
    expect(() => train([], 340)).toThrow(expect.objectContaining({ code: 'TOKENIZER_NO_TEXT' }));
  });

  it.each([
    ...TEXT,
    'Never seen: zebra, Ωμέγα, שלום, 👩‍👩‍👧‍👦 🇪🇺',
    'tab\tand  two   spaces\u00a0no-break',
    '\u0000\u0001\u007f',
    '  leading',
    '[CL S] [',
    'e\u0301 é',
  ])('round-trips %j', async (text) => {
    const tokenizer = openTokenizer(train(TEXT, 340), 'x');
    const [ids] = await tokenizer.encode([text]);
    expect(ids).not.toContain(tokenizer.special.unk);
    const decoded = await Native.fromString(Buffer.from(tokenizer.json).toString()).decode(ids!, false);
    expect(decoded).toBe(text.replace(/^ /, ''));
  });

  it('adds special tokens as BERT does', async () => {
    const native = Native.fromString(Buffer.from(train(TEXT, 340)).toString());
    const single = await native.encode('fox');
    const pair = await native.encode('fox', 'dog');
    expect([single.getIds()[0], single.getIds().at(-1)]).toEqual([2, 3]);
    expect(pair.getIds().filter((id) => id === 3)).toHaveLength(2);
    expect(pair.getTypeIds().at(-1)).toBe(1);
  });
});

/** Byte-pair encoding by its definition: count all pairs anew for every merge. */
function merges(words: Map<string, number>, most: number): [string, string][] {
  let split = [...words].map(([word, count]) => ({
    symbols: [...Buffer.from(word)].map((b) => BYTE_CHARACTERS[b]!),
    count,
  }));
  const ids = new Map(BYTE_CHARACTERS.map((c, i) => [c, i]));
  const made: [string, string][] = [];
  while (ids.size < most) {
    const counts = new Map<string, { pair: [string, string]; count: number }>();
    for (const { symbols, count } of split)
      for (let i = 0; i + 1 < symbols.length; i++) {
        const pair: [string, string] = [symbols[i]!, symbols[i + 1]!];
        const seen = counts.get(pair.join('\n')) ?? { pair, count: 0 };
        counts.set(pair.join('\n'), { pair, count: seen.count + count });
      }
    const order = (p: [string, string]) => ids.get(p[0])! * 1e6 + ids.get(p[1])!;
    const [best] = [...counts.values()].sort((a, b) => b.count - a.count || order(a.pair) - order(b.pair));
    if (!best || best.count < 2) break;
    const [left, right] = best.pair;
    made.push(best.pair);
    if (!ids.has(left + right)) ids.set(left + right, ids.size);
    split = split.map(({ symbols, count }) => {
      const out: string[] = [];
      for (let i = 0; i < symbols.length; i++)
        if (symbols[i] === left && symbols[i + 1] === right) out.push(left + symbols[++i]!);
        else out.push(symbols[i]!);
      return { symbols: out, count };
    });
  }
  return made;
}

describe('learnMerges', () => {
  it.each([
    ['sentences', TEXT.join(' ')],
    ['runs of one letter', 'aaaa aaaaaaa aaa aa aaaaaaaaaaaa baaab'],
    ['ties', 'abab baba cdcd dcdc abcd dcba'],
    ['two ways to one token', 'abc abc abc ab ab bc bc abcd abcd'],
  ])('equals the definition on %s', (_, text) => {
    const words = new Map<string, number>();
    for (const word of text.split(' ')) words.set(word, (words.get(word) ?? 0) + 1);
    const { spellings, pairs } = learnMerges(words, BYTE_CHARACTERS, 330);
    expect(pairs.map(([l, r]) => [spellings[l], spellings[r]])).toEqual(merges(words, 330));
    expect(new Set(spellings).size).toBe(spellings.length);
  });
});
