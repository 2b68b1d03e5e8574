import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { orestes } from '../support/orestes.js';
import { corpusSpec, makeCorpus, pretrainSpec } from '../support/tiny.js';
import { expectRefused, type Row } from './rows.js';

jest.setTimeout(120_000);

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'orestes-corpora-'));
  await makeCorpus(join(root, 'fixture'));
});
afterAll(() => rm(root, { recursive: true }));

const check = (row: Row) =>
  expectRefused(row, join(root, 'fixture'), join(root, row.name.replaceAll(/[^A-Za-z0-9]+/g, '-')));

/** Into the folder of the fixture's corpus: it must survive a build that cannot succeed. */
const build = (changes: object = {}) => ({ ...corpusSpec, tokenizer: { path: 'corpus/tokenizer.json' }, ...changes });
const train = (changes: object = {}) => ({ ...pretrainSpec, corpus: 'corpus', ...changes });

/** Puts other content in the place of a JSON file's. */
const rewrite = (path: string, change: (document: Json) => void) => async (folder: string) => {
  const file = join(folder, path);
  const document = JSON.parse(await readFile(file, 'utf8')) as Json;
  change(document);
  await writeFile(file, JSON.stringify(document));
};
type Json = Record<string, unknown> & { shards?: Record<string, { bytes: number; hashes: Record<string, string> }>[] };

const withoutMask = rewrite('corpus/tokenizer.json', (document) => {
  const [model, added] = [document['model'] as { vocab: Record<string, number> }, document['added_tokens'] as object[]];
  delete model.vocab['[MASK]'];
  document['added_tokens'] = added.filter((token) => (token as { content: string }).content !== '[MASK]');
});

const SHARD = 'corpus/train/shard.00000.mds';
const flipBit = (path: string, offset: number) => async (folder: string) => {
  const content = await readFile(join(folder, path));
  content[offset]! ^= 1;
  await writeFile(join(folder, path), content);
};

/** `printf 'one\n\ntwo, two, two, two, two, two\n' | zstd`, by zstd 1.5.4, its first letter changed. */
const flippedFrame = Buffer.from('KLUv/QRYjQAAWG9uZQoKdHdvLCAKAQCoCxKELvBv', 'base64');
flippedFrame[10]! ^= 1;

describe('text that is no text, and tokenizers that are none', () => {
  const rows: Row[] = [
    {
      name: 'a missing text file',
      spec: build({ input: ['text.txt', 'nothing.txt'] }),
      ...{ exit: 2, code: 'INPUT_MISSING', says: 'nothing.txt: no such file' },
    },
    {
      name: 'a folder for a text file',
      files: { 'texts.txt/a': 'a' },
      spec: build({ input: ['texts.txt'] }),
      ...{ exit: 2, code: 'INPUT_MISSING', says: 'texts.txt' },
    },
    {
      name: 'a file that is no text by its name',
      spec: build({ input: ['text.pdf'] }),
      ...{ exit: 2, code: 'INPUT_FORMAT', says: /text\.pdf: .*allowed: \.txt and \.jsonl/ },
    },
    {
      name: 'an address of a scheme that is not known',
      spec: build({ input: ['http://example.org/text.txt'] }),
      ...{ exit: 2, code: 'ADDRESS_INVALID', says: /http:\/\/ is not supported \(allowed: a path, file:/ },
    },
    {
      name: 'text that is not UTF-8',
      files: { 'bad.txt': Buffer.from([...Buffer.from('good line\n\nbad '), 0xff, 0xfe, 0x0a]) },
      spec: build({ input: ['text.txt', 'bad.txt'] }),
      ...{ exit: 2, code: 'TEXT_NOT_UTF8', says: /bad\.txt: .*byte/ },
    },
    {
      name: 'a line of JSONL that is not JSON',
      files: { 'bad.jsonl': '{"text":"good"}\n{"text":\n' },
      spec: build({ input: ['bad.jsonl'] }),
      ...{ exit: 2, code: 'JSONL_INVALID', says: 'bad.jsonl: line 2: is not JSON' },
    },
    {
      name: 'JSONL without a field text',
      files: { 'bad.jsonl': '{"text":"good"}\n{"body":"x"}\n' },
      spec: build({ input: ['bad.jsonl'] }),
      ...{ exit: 2, code: 'JSONL_INVALID', says: 'bad.jsonl: line 2: has no field text' },
    },
    {
      name: 'a gzip file that was cut off',
      files: { 'bad.txt.gz': gzipSync('some words of text\n'.repeat(1000)).subarray(0, 60) },
      spec: build({ input: ['bad.txt.gz'] }),
      ...{ exit: 2, code: 'INPUT_DAMAGED', says: 'bad.txt.gz: cannot be decompressed: ' },
    },
    {
      name: 'a gzip bomb',
      files: { 'bomb.txt.gz': gzipSync(Buffer.alloc(80 << 20, `${' '.repeat(4095)}\n`)) },
      spec: build({ input: ['bomb.txt.gz'] }),
      ...{
        exit: 2,
        code: 'INPUT_EXPANDS_TOO_FAR',
        says: /bomb\.txt\.gz: \d+ compressed bytes became \d+ \(allowed: 200 times/,
      },
    },
    {
      name: 'text without a word',
      files: { 'blank.txt': '\n \n\t\n' },
      spec: build({ input: ['blank.txt'] }),
      ...{ exit: 2, code: 'CORPUS_EMPTY', says: 'the input holds no document of two tokens or more' },
    },
    {
      name: 'text of one token',
      files: { 'one.jsonl': '{"text":"s"}\n' },
      spec: build({ input: ['one.jsonl'] }),
      ...{ exit: 2, code: 'CORPUS_EMPTY', says: 'the input holds no document of two tokens or more' },
    },
    {
      name: 'an address with credentials in it',
      spec: build({ input: ['s3://key:hush@bucket/text.csv'] }),
      ...{
        exit: 2,
        code: 'ADDRESS_INVALID',
        says: 's3://***@bucket/text.csv: credentials do not belong in an address',
      },
    },
    {
      name: 'a Zstandard file with a flipped bit',
      files: { 'bad.txt.zst': flippedFrame },
      spec: build({ input: ['text.txt', 'bad.txt.zst'] }),
      ...{ exit: 2, code: 'INPUT_DAMAGED', says: 'bad.txt.zst: cannot be decompressed: its content is not that of' },
    },
    {
      name: 'text without a word for a tokenizer to be trained on',
      files: { 'blank.txt': '' },
      spec: build({ input: ['blank.txt'], tokenizer: { train: { vocabularySize: 320 } } }),
      ...{ exit: 2, code: 'TOKENIZER_NO_TEXT', says: /text/ },
    },
    {
      name: 'a missing tokenizer',
      spec: build({ tokenizer: { path: 'no-such.json' } }),
      ...{ exit: 2, code: 'TOKENIZER_MISSING', says: 'spec.tokenizer.path: no-such.json: no such file' },
    },
    {
      name: 'a tokenizer that is another JSON file',
      files: { 'other.json': '{"version":"1.0"}' },
      spec: build({ tokenizer: { path: 'other.json' } }),
      ...{ exit: 2, code: 'TOKENIZER_INVALID', says: 'other.json: is not a Hugging Face tokenizer.json' },
    },
    {
      name: 'a tokenizer without MASK',
      damage: withoutMask,
      spec: build(),
      ...{ exit: 2, code: 'TOKENIZER_INVALID', says: 'corpus/tokenizer.json: has no [MASK] or <mask> token' },
    },
    {
      name: 'an output that is a file',
      spec: build({ output: 'text.txt' }),
      ...{ exit: 2, code: 'INVALID_KEY', says: /text\.txt/ },
    },
    {
      name: 'an output where nothing may be written',
      spec: build({ output: '/sys/orestes' }),
      ...{ exit: 1, code: 'STORE_DENIED', says: /\/sys\/orestes.*: may not be written/ },
    },
  ];

  it.each(rows)('$name: $code, and the corpus that was there stays', check);
});

describe('corpora that are damaged', () => {
  const logs = /^run\/metrics\.jsonl$/;
  const rows: Row[] = [
    {
      name: 'no corpus',
      spec: train({ corpus: 'nowhere' }),
      ...{ exit: 2, code: 'CORPUS_MISSING', says: 'nowhere: no corpus there (looked for corpus.json' },
    },
    {
      name: 'a corpus whose build did not finish',
      damage: (folder) =>
        rm(join(folder, 'corpus/corpus.json')).then(() => rm(join(folder, 'corpus/train/index.json'))),
      spec: train(),
      ...{ exit: 2, code: 'CORPUS_MISSING', says: 'corpus: no corpus there' },
    },
    {
      name: 'a truncated shard',
      damage: (folder) => truncate(join(folder, SHARD), 1000),
      spec: train(),
      logs,
      ...{
        exit: 1,
        code: 'SHARD_TRUNCATED',
        says: /shard train\/shard\.00000\.mds in .*corpus: has 1000 bytes, its index says \d+; restore it/,
      },
    },
    {
      name: 'a shard with a flipped bit',
      damage: flipBit(SHARD, 4321),
      spec: train(),
      logs,
      ...{
        exit: 1,
        code: 'SHARD_CORRUPT',
        says: /shard train\/shard\.00000\.mds in .*its sha256 is [0-9a-f]{64}, its index says/,
      },
    },
    {
      name: 'a missing shard',
      damage: (folder) => rm(join(folder, 'corpus/validation/shard.00000.mds')),
      spec: train(),
      logs,
      ...{
        exit: 1,
        code: 'SHARD_MISSING',
        says: /shard validation\/shard\.00000\.mds in .*: is in the index, but not there/,
      },
    },
    {
      name: 'an index with another hash',
      damage: rewrite('corpus/train/index.json', ({ shards }) => {
        shards![0]!['raw_data']!.hashes['sha256'] = '0'.repeat(64);
      }),
      spec: train(),
      ...{
        exit: 1,
        code: 'CORPUS_INVALID',
        says: "corpus: the shards' hashes in index.json are not those that corpus.json was written for",
      },
    },
    {
      name: 'a shard name that leads out of the corpus',
      damage: rewrite('corpus/train/index.json', ({ shards }) => {
        Object.assign(shards![0]!['raw_data']!, { basename: '../../text.txt' });
      }),
      spec: train(),
      ...{ exit: 1, code: 'CORPUS_INVALID', says: /train\/index\.json: .*basename: is not a plain file name/ },
    },
    {
      name: 'a manifest that is not JSON',
      files: { 'corpus/corpus.json': '{"format"' },
      spec: train(),
      ...{ exit: 1, code: 'CORPUS_INVALID', says: 'corpus: corpus.json: ' },
    },
    {
      name: 'a manifest with a field of the wrong type',
      damage: rewrite('corpus/corpus.json', (document) => {
        document['vocabularySize'] = '320';
      }),
      spec: train(),
      ...{ exit: 1, code: 'CORPUS_INVALID', says: 'corpus.json.vocabularySize: "320" is not a number' },
    },
    {
      name: 'another tokenizer beside the shards',
      files: { 'corpus/tokenizer.json': '{}' },
      spec: train(),
      ...{
        exit: 1,
        code: 'CORPUS_INVALID',
        says: 'corpus: tokenizer.json is not the one that corpus.json was written for',
      },
    },
    {
      name: 'a corpus smaller than one batch',
      spec: train({ schedule: { ...pretrainSpec.schedule, batchSize: 100_000 } }),
      ...{
        exit: 2,
        code: 'CORPUS_TOO_SMALL',
        says: /spec\.corpus: corpus has \d+ train sequences \(at least 100000 are needed, schedule\.batchSize\)/,
      },
    },
    {
      name: 'sequences longer than the spec takes',
      spec: train({ schedule: { ...pretrainSpec.schedule, sequenceLength: 16 } }),
      ...{
        exit: 2,
        code: 'SEQUENCE_TOO_LONG',
        says: /16: .*corpus has sequences of up to 32 tokens \(allowed: 32 or more\)/,
      },
    },
  ];

  it.each(rows)('$name: $code', check);

  it('are seen by inspection, too', async () => {
    const { code, stderr } = await orestes(['corpus', 'inspect', 'nowhere'], { cwd: root });
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringMatching(/^CORPUS_MISSING: nowhere/) });
  });
});
