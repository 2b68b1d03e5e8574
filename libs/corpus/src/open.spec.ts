import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { openCorpus } from './open.js';
import { collect, failureOf, testFolder } from './testing/folder.js';
import { tinyTokenizer, writeSynthetic } from './testing/index.js';

const folder = testFolder();
const fixtures = join(__dirname, '../../../test/fixtures/mds');
const expected = JSON.parse(readFileSync(join(fixtures, 'expected.json'), 'utf8')) as number[][];
const SHAPE = { train: 40, validation: 5, sequenceLength: 16, vocabularySize: 500, shardBytes: 1000 };
const masking = { probability: 0.15, mask: 0.8, random: 0.1, keep: 0.1 };
const streamed = { seed: 1, batchSize: 4, masking, repeat: false, worker: false } as const;

beforeAll(() => writeSynthetic(join(folder, 'own'), SHAPE));

let copies = 0;
/** A copy of the synthetic corpus, changed. */
function changed(change: (path: string) => void): string {
  const path = join(folder, `copy-${copies++}`);
  cpSync(join(folder, 'own'), path, { recursive: true });
  change(path);
  return path;
}

const edit = (file: string, from: string | RegExp, to: string) => (path: string) => {
  const before = readFileSync(join(path, file), 'utf8');
  const after = before.replace(from, to);
  expect(after).not.toBe(before);
  writeFileSync(join(path, file), after);
};
const remove = (file: string) => (path: string) => rmSync(join(path, file));

describe('openCorpus', () => {
  it('opens what was built', async () => {
    const corpus = await openCorpus(join(folder, 'own'));
    expect(corpus.sequences('train')).toBe(40);
    expect(corpus.sequences('validation')).toBe(5);
    expect(corpus.vocabularySize).toBe(500);
    expect(corpus.special).toEqual({ pad: 0, unk: 1, cls: 2, sep: 3, mask: 4 });
    expect(corpus.digest).toBe(corpus.manifest.digest);
    expect(Buffer.from(corpus.tokenizerJson)).toEqual(Buffer.from(tinyTokenizer()));
  });

  it.each<[string, (path: string) => void, string, RegExp]>([
    ['nothing there', (path) => rmSync(path, { recursive: true }), 'CORPUS_MISSING', /no corpus there .*index.json/],
    ['no tokenizer', remove('tokenizer.json'), 'TOKENIZER_MISSING', /has no tokenizer.json/],
    ['another tokenizer', edit('tokenizer.json', 'cat', 'dog'), 'CORPUS_INVALID', /tokenizer.json is not the one/],
    ['no index', remove('train/index.json'), 'CORPUS_INVALID', /train\/index.json is missing/],
    [
      'another index',
      edit('train/index.json', /"samples": \d+/, '"samples": 1'),
      'CORPUS_INVALID',
      /train\/index.json/,
    ],
    [
      'another hash',
      edit('train/index.json', /"sha256": "./, '"sha256": "_'),
      'CORPUS_INVALID',
      /hashes in index.json/,
    ],
    [
      'a name that leads up',
      edit('train/index.json', 'shard.00000', '../shard.00000'),
      'CORPUS_INVALID',
      /not a plain file name/,
    ],
    ['half a manifest', edit('corpus.json', /.{40}$/s, ''), 'CORPUS_INVALID', /corpus.json: .*JSON/],
    [
      'a field too many',
      edit('corpus.json', '{', '{"colour": 1,'),
      'CORPUS_INVALID',
      /corpus.json.colour: unknown field/,
    ],
    [
      'another format',
      edit('corpus.json', 'corpus/1', 'corpus/9'),
      'CORPUS_INVALID',
      /corpus.json.format: "orestes.corpus\/9"/,
    ],
  ])('refuses a corpus with %s', async (_, change, code, message) => {
    const path = changed(change);
    const failure = await failureOf(openCorpus(path));
    expect(failure).toMatchObject({ code, message: expect.stringMatching(message) });
    expect((failure as Error).message).toContain(path);
  });
});

describe('a folder that MosaicML Streaming wrote', () => {
  /** A fixture with a tokenizer whose vocabulary has its ids, at the root or in train/. */
  function foreign(name: string, sub: string): string {
    const path = join(folder, `${name}-${sub}`);
    mkdirSync(path, { recursive: true });
    cpSync(join(fixtures, name), join(path, sub), { recursive: true });
    writeFileSync(join(path, 'tokenizer.json'), largeTokenizer());
    return path;
  }

  it.each([
    ['fixed', ''],
    ['compressed', 'train'],
    ['mixed', ''],
  ])('is opened: %s in %j', async (name, sub) => {
    const corpus = await openCorpus(foreign(name, sub));
    expect(corpus.sequences('train')).toBe(expected.length);
    expect(corpus.manifest.splits.train.tokens).toBeNull();
    const batches = await collect(corpus.stream({ ...streamed, split: 'train', sequenceLength: 300 }));
    const rows = batches.flatMap(({ tokens, length, sampleIds }) =>
      Array.from(sampleIds, (id, row) => [id, [...tokens.subarray(row * 300, row * 300 + length[row]!)]] as const),
    );
    expect(rows.sort(([a], [b]) => a - b).map(([, tokens]) => tokens)).toEqual(expected);
    expect(() => corpus.stream({ ...streamed, split: 'validation', sequenceLength: 300 })).toThrow(
      /validation split has no/,
    );
  });

  it('says which shard has sequences that are too long', async () => {
    const corpus = await openCorpus(foreign('fixed', ''));
    const failure = await failureOf(collect(corpus.stream({ ...streamed, split: 'train', sequenceLength: 299 })));
    expect(failure).toMatchObject({
      code: 'SEQUENCE_TOO_LONG',
      message: expect.stringMatching(/shard.00002.mds .*300 tokens/),
    });
  });

  it('says which shard has ids that the tokenizer has not', async () => {
    const path = foreign('mixed', '');
    writeFileSync(join(path, 'tokenizer.json'), tinyTokenizer());
    const corpus = await openCorpus(path);
    const failure = await failureOf(collect(corpus.stream({ ...streamed, split: 'train', sequenceLength: 300 })));
    expect(failure).toMatchObject({
      code: 'CORPUS_INVALID',
      message: expect.stringMatching(/shard.00000.mds .*its tokenizer\?/),
    });
  });
});

/** The tiny tokenizer with words up to id 299. */
function largeTokenizer(): string {
  const file = JSON.parse(Buffer.from(tinyTokenizer()).toString()) as { model: { vocab: Record<string, number> } };
  for (let id = Object.keys(file.model.vocab).length; id < 300; id++) file.model.vocab[`word-${id}`] = id;
  return JSON.stringify(file);
}
