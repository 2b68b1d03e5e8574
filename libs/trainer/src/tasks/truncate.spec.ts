import { describe, expect, it } from '@jest/globals';
import { Tokenizer, WordLevel, templateProcessing, whitespacePreTokenizer } from 'tokenizers';
import { joinTexts, longestFirst } from './truncate.js';

const vocabulary = Object.fromEntries(['[CLS]', '[SEP]', '[UNK]', 'a', 'b'].map((token, id) => [token, id]));
const special = { cls: 0, sep: 1 };

describe('joinTexts', () => {
  // Past the limit that library first cuts each text to it, so that an odd token goes to b.
  it('equals Hugging Face tokenizers with longest_first, lengths up to the limit', async () => {
    const tokenizer = new Tokenizer(WordLevel.init(vocabulary, { unkToken: '[UNK]' }));
    tokenizer.setPreTokenizer(whitespacePreTokenizer());
    tokenizer.setPostProcessor(
      templateProcessing('[CLS] $A [SEP]', '[CLS] $A [SEP] $B [SEP]', [
        ['[CLS]', 0],
        ['[SEP]', 1],
      ]),
    );
    for (const maxLength of [9, 10, 12])
      for (let a = 1; a <= maxLength; a++)
        for (let b = 0; b <= maxLength; b++) {
          tokenizer.setTruncation(maxLength); // its default strategy is longest_first
          const expected = await tokenizer.encode('a '.repeat(a), b === 0 ? null : 'b '.repeat(b));
          const texts = [new Int32Array(a).fill(3), ...(b === 0 ? [] : [new Int32Array(b).fill(4)])];
          expect([a, b, maxLength, ...joinTexts(texts, special, maxLength)]).toEqual([
            a,
            b,
            maxLength,
            ...expected.getIds(),
          ]);
        }
  });

  it.each([
    [3, 4, 7, [3, 4]],
    [9, 2, 6, [4, 2]],
    [2, 9, 6, [2, 4]],
    [9, 8, 7, [4, 3]],
    [8, 8, 7, [3, 4]],
    [5, 5, 0, [0, 0]],
  ])('%i and %i tokens share %i', (a, b, budget, kept) => {
    expect(longestFirst(a, b, budget)).toEqual(kept);
  });
});
