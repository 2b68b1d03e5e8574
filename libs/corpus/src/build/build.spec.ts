import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { CorpusManifest, CorpusSpec, sha256 } from '@orestes/contracts';
import { FileStore } from '@orestes/storage';
import { Tokenizer as Native } from 'tokenizers';
import { parseIndex } from '../mds/index-file.js';
import { readShard } from '../mds/read-shard.js';
import { copySequence } from '../mds/shard.js';
import { failureOf, testFolder } from '../testing/folder.js';
import { buildCorpus, type BuildProgress } from './build.js';

const folder = testFolder();
const place = (name: string) => join(folder, name);

/** Documents of a few lines, each saying its own number again and again. */
const documents = Array.from({ length: 40 }, (_, d) =>
  Array.from({ length: 1 + (d % 5) }, (_, l) => `Document ${d}x says line ${l} of ${d}x, and ${d}x is its name 🦊.`),
);
writeFileSync(
  place('a.txt'),
  documents
    .slice(0, 25)
    .map((lines) => lines.join('\n'))
    .join('\n\n'),
);
writeFileSync(
  place('b.jsonl'),
  documents
    .slice(25)
    .map((lines) => JSON.stringify({ text: lines.join('\n') }) + '\n')
    .join('') + '{"text":" "}\n',
);

const specOf = (name: string, more: object = {}) =>
  CorpusSpec.parse({
    kind: 'corpus',
    name: 'test',
    output: place(name),
    input: [place('a.txt'), place('b.jsonl')],
    tokenizer: { train: { vocabularySize: 300 } },
    sequenceLength: 24,
    validationEvery: 4,
    shardBytes: 4096,
    ...more,
  });

async function sequencesOf(output: string, split: string): Promise<number[][]> {
  const store = new FileStore(place(output));
  const sequences: number[][] = [];
  for (const entry of parseIndex(await store.get(`${split}/index.json`), split)) {
    const shard = await readShard(store, `${split}/`, entry);
    for (let i = 0; i < entry.samples; i++) {
      const row = new Int32Array(64);
      sequences.push([...row.subarray(0, copySequence(shard, i, row, 0, 1 << 20))]);
    }
  }
  return sequences;
}

const contentsOf = (output: string) =>
  filesOf(output).map((file) => [file, readFileSync(place(join(output, file)), 'hex')]);

const filesOf = (output: string) =>
  ['', 'train', 'validation'].flatMap((sub) =>
    readdirSync(place(join(output, sub)))
      .map((name) => join(sub, name))
      .filter((name) => statSync(place(join(output, name))).isFile()),
  );

describe('buildCorpus', () => {
  it.each(['none', 'zstd'] as const)('packs every document by itself, compression %s', async (compression) => {
    const output = `packed-${compression}`;
    const manifest = await buildCorpus(specOf(output, { compression }));
    const native = Native.fromFile(place(join(output, 'tokenizer.json')));
    const texts: Record<string, string[]> = { train: [], validation: [] };
    for (const split of ['train', 'validation'] as const) {
      const sequences = await sequencesOf(output, split);
      for (const sequence of sequences) {
        expect(sequence.length).toBeLessThanOrEqual(24);
        expect([sequence[0], sequence.at(-1)]).toEqual([2, 3]);
        texts[split]!.push(await native.decode(sequence.slice(1, -1), false));
      }
      expect(manifest.splits[split].sequences).toBe(sequences.length);
      expect(manifest.splits[split].tokens).toBe(sequences.flat().length);
    }
    expect(manifest.splits.validation.documents).toBe(10);
    expect(manifest.splits.train.documents).toBe(30);
    expect(manifest.dropped.emptyDocuments).toBe(1);
    // A chunk may cut a word, so spaces are left out; what remains is each document, whole and in order.
    const joined = (split: string) => texts[split]!.join('').replaceAll(' ', '');
    const expected = (keep: (d: number) => boolean) =>
      documents
        .filter((_, d) => keep(d))
        .flat()
        .join('')
        .replaceAll(' ', '');
    expect(manifest.dropped.shortChunks).toBe(0);
    expect(joined('train')).toBe(expected((d) => d % 4 !== 3));
    expect(joined('validation')).toBe(expected((d) => d % 4 === 3));
    for (const text of [...texts['train']!, ...texts['validation']!])
      expect(new Set(text.match(/\d+x/g) ?? []).size).toBeLessThanOrEqual(2);
  });

  it('writes a manifest that holds what was read, and hashes of it', async () => {
    const manifest = await buildCorpus(specOf('manifest'));
    const read = (name: string) => readFileSync(place(join('manifest', name)));
    expect(CorpusManifest.parse(JSON.parse(read('corpus.json').toString()))).toEqual(manifest);
    expect(manifest.tokenizer).toBe(sha256(read('tokenizer.json')));
    expect(manifest.vocabularySize).toBe(300);
    expect(manifest.input).toEqual(
      ['a.txt', 'b.jsonl'].map((name) => {
        const content = readFileSync(place(name));
        return { address: place(name), bytes: content.length, sha256: sha256(content) };
      }),
    );
    const hashes = ['train', 'validation'].flatMap((split) =>
      parseIndex(read(`${split}/index.json`), split).map((shard) => shard.raw_data.hashes['sha256']!),
    );
    expect(hashes.length).toBeGreaterThan(2);
    expect(manifest.digest).toBe(sha256(hashes.map((h) => `${h}\n`).join('')));
  });

  it('gives the same bytes again, and replaces what was there', async () => {
    await buildCorpus(specOf('first'));
    await buildCorpus(specOf('second', { sequenceLength: 8, shardBytes: 4096 }));
    await buildCorpus(specOf('second'));
    expect(filesOf('second')).toEqual(filesOf('first'));
    for (const file of filesOf('first'))
      expect(readFileSync(place(join('second', file)))).toEqual(readFileSync(place(join('first', file))));
  });

  it('takes a tokenizer that is there', async () => {
    const { tokenizer } = await buildCorpus(specOf('trained'));
    const path = place('trained/tokenizer.json');
    expect((await buildCorpus(specOf('reused', { tokenizer: { path } }))).tokenizer).toBe(tokenizer);
  });

  it('says how far it is', async () => {
    const seen: BuildProgress[] = [];
    const manifest = await buildCorpus(specOf('progress'), (progress) => seen.push(progress));
    const last = seen.at(-1)!;
    expect(new Set(seen.map((p) => p.phase))).toEqual(new Set(['tokenizer', 'shards']));
    expect(last.bytesRead).toBe(last.bytesTotal);
    expect(last.sequences).toBe(manifest.splits.train.sequences + manifest.splits.validation.sequences);
    expect(last.documents).toBe(40);
  });

  it.each([
    ['a file that is not there', { input: [place('a.txt'), place('none.txt')] }, 'INPUT_MISSING'],
    ['a format that is not known', { input: [place('a.csv')] }, 'INPUT_FORMAT'],
    ['a tokenizer that is not there', { tokenizer: { path: place('none.json') } }, 'TOKENIZER_MISSING'],
    ['a tokenizer that is none', { tokenizer: { path: place('b.jsonl') } }, 'TOKENIZER_INVALID'],
    ['no text', { input: [place('empty.txt')] }, 'TOKENIZER_NO_TEXT'],
  ])('refuses %s before it writes', async (_, more, code) => {
    writeFileSync(place('empty.txt'), '\n\n');
    expect(await failureOf(buildCorpus(specOf('refused', more)))).toMatchObject({ code, exitCode: 2 });
    expect(existsSync(place('refused'))).toBe(false);
  });

  it('leaves the corpus that was there, or nothing, when the text turns out bad', async () => {
    await buildCorpus(specOf('kept'));
    const before = filesOf('kept');
    writeFileSync(place('bad.jsonl'), `${'{"text":"good enough"}\n'.repeat(9)}{`);
    for (const name of ['kept', 'fresh']) {
      const tokenizer = { path: place('kept/tokenizer.json') };
      const failure = await failureOf(buildCorpus(specOf(name, { input: [place('bad.jsonl')], tokenizer })));
      expect(failure).toMatchObject({ code: 'JSONL_INVALID', message: expect.stringContaining('line 10') });
    }
    expect(filesOf('kept')).toEqual(before);
    expect(existsSync(place('fresh'))).toBe(false);
  });

  it('stops when it is asked to', async () => {
    const stop = new AbortController();
    const failure = await failureOf(
      buildCorpus(specOf('stopped'), ({ phase }) => phase === 'shards' && stop.abort(), { signal: stop.signal }),
    );
    expect(failure).toMatchObject({ code: 'INTERRUPTED' });
    expect(existsSync(place('stopped'))).toBe(false);
  });

  it.each([
    ['no document has a token', '{"text":""}\n{"text":" "}\n'],
    ['no document has two tokens', '{"text":"s"}\n'],
  ])('says so when %s, and leaves the corpus that was there', async (_, text) => {
    const { tokenizer } = await buildCorpus(specOf('tiny'));
    const before = contentsOf('tiny');
    writeFileSync(place('tiny.jsonl'), text);
    const path = place('tiny/tokenizer.json');
    const failure = await failureOf(buildCorpus(specOf('tiny', { input: [place('tiny.jsonl')], tokenizer: { path } })));
    expect(failure).toMatchObject({ code: 'CORPUS_EMPTY', exitCode: 2 });
    expect(contentsOf('tiny')).toEqual(before);
    expect(sha256(readFileSync(path))).toBe(tokenizer);
  });

  it.each([
    ['a shard', 'train/shard.00000.mds', {}, ['tokenizer.json']],
    ['the index', 'train/index.json', {}, []],
    ['the index, its tokenizer lying there before', 'train/index.json', { path: 'tokenizer.json' }, ['tokenizer.json']],
  ])('takes back what it wrote when it cannot write %s', async (name, file, { path }: { path?: string }, left) => {
    const output = `unwritable-${name.replaceAll(/\W/g, '-')}`;
    await buildCorpus(specOf(output, { tokenizer: { train: { vocabularySize: 310 } } }));
    rmSync(place(join(output, file)));
    mkdirSync(place(join(output, file))); // no file can be put in the place of a folder
    const tokenizer = path === undefined ? {} : { tokenizer: { path: place(join(output, path)) } };
    expect(await failureOf(buildCorpus(specOf(output, tokenizer)))).toMatchObject({ code: 'INVALID_KEY' });
    const files = readdirSync(place(output), { recursive: true, withFileTypes: true }).filter((entry) =>
      entry.isFile(),
    );
    expect(files.map((entry) => entry.name)).toEqual(left);
  });
});
