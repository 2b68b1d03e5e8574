import { describe, expect, it } from '@jest/globals';
import { Tokenizer as Native } from 'tokenizers';
import { KeyedRandom } from '../stream/random.js';
import { openTokenizer } from './tokenizer.js';
import { trainTokenizer } from './train.js';
import { WordEncoder } from './word-encoder.js';
import { WordCounter } from './words.js';

const TEXT =
  "It's the fox's way, isn't it? They'll jump over 2 dogs, 1984 times -- ¿qué? Übergröße “quoted” – dash… [x]";

function trained(prefixSpace: boolean): Uint8Array {
  const words = new WordCounter();
  words.add(`${TEXT} ${TEXT.toUpperCase()} ${TEXT}`);
  const file = JSON.parse(Buffer.from(trainTokenizer(words, 330)).toString()) as {
    pre_tokenizer: { add_prefix_space: boolean };
  };
  file.pre_tokenizer.add_prefix_space = prefixSpace;
  return Buffer.from(JSON.stringify(file));
}

const PIECES = [
  ...["'s", "'LL", "'t", 'fox', 'Über', 'Ĳ', 'ß', 'ª', '1984', '²', '¾', '-', '…', '“', "''", '[', ']', '_', '\u00ad'],
  ...[' ', ' ', ' ', '  ', '\t', '\u00a0', ' \t ', '\u00d7', '\u01c5', '‐', '†'],
];
const LIBRARY_ONLY = ['[MASK]', '🦊', '日本', '\u0085', '\n', '\u2028', '\ufeff', '\x1c', '\u2009'];

/** A text of random pieces. */
function random(seed: number, pieces: readonly string[]): string {
  const source = new KeyedRandom().key(seed, 0, 0, 0);
  return Array.from({ length: source.below(30) }, () => pieces[source.below(pieces.length)]!).join('');
}

describe.each([true, false])('encoding, prefix space %s', (prefixSpace) => {
  const json = trained(prefixSpace);
  const native = Native.fromString(Buffer.from(json).toString());
  const encodeWhole = async (texts: string[]) =>
    (await native.encodeBatch(texts, { addSpecialTokens: false })).map((encoding) => encoding.getIds());

  it.each([
    ['Latin', PIECES, 1],
    ['all sorts', [...PIECES, ...LIBRARY_ONLY], 0],
  ])('equals the library on %s text', async (_, pieces, least) => {
    const texts = [TEXT, '', ' ', '\t', ...Array.from({ length: 3000 }, (_, seed) => random(seed, pieces))];
    const encoder = WordEncoder.of(JSON.parse(Buffer.from(json).toString()))!;
    const accepted = texts.filter((text) => encoder.accepts(text)).length;
    expect(accepted / texts.length).toBeGreaterThanOrEqual(least);
    expect(accepted).toBeGreaterThan(100);
    const tokenizer = openTokenizer(json, 'x');
    const whole = await encodeWhole(texts);
    expect(await tokenizer.encode(texts)).toEqual(whole);
    expect(await tokenizer.encode(texts)).toEqual(whole);
  });
});

describe('WordEncoder', () => {
  it.each(LIBRARY_ONLY)('leaves %j to the library', (piece) => {
    expect(WordEncoder.of(JSON.parse(Buffer.from(trained(true)).toString()))!.accepts(`a ${piece} b`)).toBe(false);
  });

  it.each<[string, object]>([
    ['a normalizer', { normalizer: { type: 'Lowercase' } }],
    ['another pre-tokenizer', { pre_tokenizer: { type: 'Whitespace' } }],
    ['no regular expression', { pre_tokenizer: { type: 'ByteLevel', add_prefix_space: true, use_regex: false } }],
    ['another model', { model: { type: 'WordPiece' } }],
  ])('is not for a tokenizer with %s', (_, change) => {
    expect(WordEncoder.of({ ...(JSON.parse(Buffer.from(trained(true)).toString()) as object), ...change })).toBeNull();
  });
});

describe('WordCounter', () => {
  it('forgets rare words when there are too many', () => {
    const words = new WordCounter(100);
    const sometimes = ['one', 'two', 'three', 'four', 'five', 'six', 'seven'];
    for (let i = 0; i < 2000; i++) words.add(`often w${i} ${sometimes[i % 7]}`);
    expect(words.size).toBeLessThanOrEqual(100);
    const counts = new Map(words);
    expect(counts.get(' often')).toBe(2000);
    // 285 or 286 each, less what was forgotten while they were still rare.
    for (const word of sometimes) expect(counts.get(` ${word}`)).toBeGreaterThan(250);
  });
});
