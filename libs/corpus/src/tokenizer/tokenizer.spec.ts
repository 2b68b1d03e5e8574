import { describe, expect, it } from '@jest/globals';
import { tinyTokenizer } from '../testing/index.js';
import { openTokenizer } from './tokenizer.js';

interface File {
  added_tokens: { id: number; content: string; special: boolean }[];
  model: { vocab: Record<string, number> };
  truncation: unknown;
  padding: unknown;
}

/** The tiny tokenizer's file, changed. */
function changed(change: (file: File) => void): Uint8Array {
  const file = JSON.parse(Buffer.from(tinyTokenizer()).toString()) as File;
  change(file);
  return Buffer.from(JSON.stringify(file));
}

/** Gives special tokens other names, or takes them away. */
const renamed = (names: Record<string, string | null>) =>
  changed((file) => {
    for (const [from, to] of Object.entries(names)) {
      const token = file.added_tokens.find((t) => t.content === from)!;
      if (to === null) file.added_tokens.splice(file.added_tokens.indexOf(token), 1);
      else token.content = to;
      file.model.vocab[to ?? `gone ${from}`] = file.model.vocab[from]!;
      delete file.model.vocab[from];
    }
  });

describe('openTokenizer', () => {
  it('accepts RoBERTa’s names', () => {
    const json = renamed({ '[PAD]': '<pad>', '[CLS]': '<s>', '[SEP]': '</s>', '[MASK]': '<mask>' });
    expect(openTokenizer(stripTemplate(json), 'x').special).toEqual({ pad: 0, unk: 1, cls: 2, sep: 3, mask: 4 });
  });

  it.each([
    ['no [MASK]', { '[MASK]': null }, /tokenizer of x: has no \[MASK\] or <mask> token/],
    ['neither [PAD] nor [MASK]', { '[PAD]': null, '[MASK]': null }, /no \[PAD\] or <pad>, no \[MASK\] or <mask> token/],
  ])('refuses one with %s', (_, names, message) => {
    const json = renamed(names);
    expect(() => openTokenizer(json, 'tokenizer of x')).toThrow(
      expect.objectContaining({
        code: 'TOKENIZER_INVALID',
        exitCode: 2,
        message: expect.stringMatching(message),
      }),
    );
  });

  it.each([
    ['no JSON', Buffer.from('{"model"')],
    ['not UTF-8', Buffer.from([0x22, 0xff, 0x22])],
    ['another JSON', Buffer.from('{"a": 1}')],
    ['no object', Buffer.from('[1]')],
  ])('refuses what is %s', (_, json) => {
    expect(() => openTokenizer(json, 'x.json')).toThrow(
      expect.objectContaining({ code: 'TOKENIZER_INVALID', message: expect.stringContaining('x.json') }),
    );
  });

  it('does not let the file’s own truncation and padding change lengths', async () => {
    const json = changed((file) => {
      file.truncation = { direction: 'Right', max_length: 2, strategy: 'LongestFirst', stride: 0 };
      file.padding = {
        strategy: { Fixed: 64 },
        direction: 'Right',
        pad_to_multiple_of: null,
        pad_id: 0,
        pad_type_id: 0,
        pad_token: '[PAD]',
      };
    });
    const text = ['the cat sat on the mat', 'a'];
    expect(await openTokenizer(json, 'x').encode(text)).toEqual(await openTokenizer(tinyTokenizer(), 'x').encode(text));
  });

  it('counts all special ids and the highest id', () => {
    const json = changed((file) =>
      file.added_tokens.push({ ...file.added_tokens[0]!, id: 900, content: '<reserved>' }),
    );
    const { specialIds, vocabularySize, special } = openTokenizer(json, 'x');
    const own = openTokenizer(tinyTokenizer(), 'x').vocabularySize;
    expect(specialIds).toEqual([0, 1, 2, 3, 4, own]);
    expect(vocabularySize).toBe(own + 1);
    expect(special.mask).toBe(4);
  });
});

function stripTemplate(json: Uint8Array): Uint8Array {
  return Buffer.from(JSON.stringify({ ...(JSON.parse(Buffer.from(json).toString()) as object), post_processor: null }));
}
