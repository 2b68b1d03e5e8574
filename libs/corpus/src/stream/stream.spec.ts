import { join } from 'node:path';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { beforeAll, describe, expect, it, jest } from '@jest/globals';
import { FileStore } from '@orestes/storage';
import { describeSkipped } from '@orestes/storage/testing';
import { openCorpus, type Corpus } from '../open.js';
import { collect, failureOf, testFolder } from '../testing/folder.js';
import { writeSynthetic } from '../testing/index.js';
import { NO_SAMPLE, type PretrainBatch } from './batch.js';
import type { StreamOptions } from './plan.js';
import { KeyedRandom } from './random.js';
import { threadFile } from './threaded.js';

const folder = testFolder();
const TRAIN = 211;
const S = 16;
const SHAPE = { train: TRAIN, validation: 13, sequenceLength: S, vocabularySize: 500, shardBytes: 1500 };
let corpus: Corpus;

beforeAll(async () => {
  await writeSynthetic(join(folder, 'corpus'), SHAPE);
  corpus = await openCorpus(join(folder, 'corpus'));
});

const options = (more: Partial<StreamOptions> = {}): StreamOptions => ({
  split: 'train',
  seed: 7,
  batchSize: 12,
  sequenceLength: S,
  masking: { probability: 0.2, mask: 0.8, random: 0.1, keep: 0.1 },
  repeat: true,
  worker: false,
  ...more,
});

/** The first batches of a stream. */
async function take(count: number, more: Partial<StreamOptions> = {}, from = corpus): Promise<PretrainBatch[]> {
  const batches: PretrainBatch[] = [];
  for await (const batch of from.stream(options(more))) {
    batches.push(batch);
    if (batches.length === count) break;
  }
  return batches;
}

const PER_ROW = ['tokens', 'masked', 'length', 'positions', 'weights', 'sampleIds'] as const;

/** Each row of batches by itself: its sample, and all that was made of it. */
const rowsOf = (batches: PretrainBatch[]) =>
  batches.flatMap((batch) =>
    Array.from(batch.sampleIds, (_, row) =>
      PER_ROW.map((name) => {
        const width = batch[name].length / batch.length.length;
        return [...batch[name].subarray(row * width, (row + 1) * width)].join();
      }).join('|'),
    ),
  );

const idsOf = (batches: PretrainBatch[]) => batches.flatMap((batch) => [...batch.sampleIds]);

describe('a stream', () => {
  it('gives every sequence once an epoch, whole', async () => {
    const batches = await collect(corpus.stream(options({ repeat: false })));
    expect(batches).toHaveLength(Math.ceil(TRAIN / 12));
    const used = idsOf(batches).filter((id) => id !== NO_SAMPLE);
    expect([...used].sort((a, b) => a - b)).toEqual(Array.from({ length: TRAIN }, (_, i) => i));
    for (const { tokens, length, sampleIds } of batches)
      sampleIds.forEach((id, row) => {
        if (id === NO_SAMPLE) return;
        const own = tokens.subarray(row * S, (row + 1) * S);
        expect(own[1]).toBe(5 + (id % 495));
        expect(own[length[row]! - 1]).toBe(3);
        expect([...own.subarray(length[row])].every((token) => token === 0)).toBe(true);
      });
  });

  it('fills its last batch up with empty rows', async () => {
    const last = (await collect(corpus.stream(options({ split: 'validation', repeat: false })))).at(-1)!;
    expect(last.samples).toBe(13);
    expect([...last.length.subarray(1)]).toEqual(new Array(11).fill(0));
    expect([...last.sampleIds.subarray(1)]).toEqual(new Array(11).fill(NO_SAMPLE));
    const selections = corpus.selections(options().masking, S);
    expect([...last.weights.subarray(selections)].some((weight) => weight !== 0)).toBe(false);
    expect([...last.slot.subarray(S)].every((slot) => slot === -1)).toBe(true);
    expect([...last.tokens.subarray(S), ...last.masked.subarray(S)].every((token) => token === 0)).toBe(true);
  });

  it('goes on into the next epochs, each in another order with other masks', async () => {
    const batches = await take(60);
    const ids = idsOf(batches);
    const epochs = [0, 1, 2].map((epoch) => ids.slice(epoch * TRAIN, (epoch + 1) * TRAIN));
    for (const epoch of epochs) expect(new Set(epoch).size).toBe(TRAIN);
    expect(new Set(epochs.map((epoch) => epoch.join())).size).toBe(3);
    expect(batches.map((batch) => batch.samples)).toEqual(batches.map((_, i) => 12 * (i + 1)));
    expect(batches.map((batch) => batch.epoch)).toEqual(batches.map((_, i) => Math.floor((12 * i) / TRAIN)));
    const rows = rowsOf(batches);
    const maskedIn = (epoch: number) => rows.slice(epoch * TRAIN, (epoch + 1) * TRAIN).sort();
    const changed = maskedIn(0).filter((row) => !maskedIn(1).includes(row));
    expect(changed.length).toBeGreaterThan(TRAIN / 2);
  });

  it('has slots that point at its positions', async () => {
    for (const { slot, positions, weights, length } of await take(5)) {
      const selections = positions.length / length.length;
      const found = [...slot].flatMap((at, place) => (at < 0 ? [] : [{ at, place }]));
      expect(found).toHaveLength([...weights].filter((w) => w === 1).length);
      for (const { at, place } of found) {
        expect(Math.floor(at / selections)).toBe(Math.floor(place / S));
        expect(positions[at]).toBe(place % S);
        expect(weights[at]).toBe(1);
      }
    }
  });

  it('goes on from any position as if it had never stopped', async () => {
    const whole = rowsOf(await take(60));
    const random = new KeyedRandom().key(1, 2, 3, 4);
    const drawn = Array.from({ length: 8 }, () => random.below(650));
    const positions = [0, 1, 12, 209, 210, 211, 212, 422, 600, ...drawn];
    for (const position of positions) {
      const resumed = await take(4, { position });
      expect(rowsOf(resumed)).toEqual(whole.slice(position, position + 48));
      expect(resumed[0]!.samples).toBe(position + 12);
    }
  });

  it.each([1, 2, 3, 4, 6, 12])('has the same order for %d readers', async (count) => {
    const whole = rowsOf(await take(40));
    const parts = await Promise.all(
      Array.from({ length: count }, (_, index) => take(40, { readers: { index, count } })),
    );
    const rows = parts.map(rowsOf);
    const share = 12 / count;
    const together = Array.from({ length: 40 }, (_, b) =>
      rows.flatMap((r) => r.slice(b * share, (b + 1) * share)),
    ).flat();
    expect(together).toEqual(whole);
    for (const part of parts)
      expect(part.map((batch) => batch.samples)).toEqual(whole.flatMap((_, i) => (i % 12 === 11 ? [i + 1] : [])));
  });

  it('keeps its place when the readers become fewer', async () => {
    const whole = rowsOf(await take(20));
    const position = (await take(5, { readers: { index: 1, count: 4 } })).at(-1)!.samples;
    expect(rowsOf(await take(15, { position }))).toEqual(whole.slice(60));
  });

  it('can be smaller than one batch', async () => {
    const [batch] = await take(1, { split: 'validation', batchSize: 40 });
    const ids = [...batch!.sampleIds];
    expect([0, 13, 26].map((at) => new Set(ids.slice(at, at + 13)).size)).toEqual([13, 13, 13]);
  });

  it('pads to more than the corpus has', async () => {
    const [wide] = await take(1, { sequenceLength: 24 });
    const [narrow] = await take(1);
    expect([...wide!.length]).toEqual([...narrow!.length]);
    expect([...wide!.tokens.subarray(24, 24 + S)]).toEqual([...narrow!.tokens.subarray(S, 2 * S)]);
  });

  it('ends where it is closed', async () => {
    const stream = corpus.stream(options());
    await stream.next();
    await stream.close();
    expect(await stream.next()).toEqual({ done: true, value: undefined });
  });

  it('has the same sequences and masks from compressed shards', async () => {
    await writeSynthetic(join(folder, 'zstd'), { ...SHAPE, compression: 'zstd' });
    const compressed = await openCorpus(join(folder, 'zstd'));
    const epochOf = async (of: Corpus) => rowsOf(await collect(of.stream(options({ repeat: false })))).sort();
    expect(await epochOf(compressed)).toEqual(await epochOf(corpus));
  });

  it('reads no shard twice in an epoch, and a few at a time', async () => {
    await writeSynthetic(join(folder, 'small'), { ...SHAPE, shardBytes: 500 });
    const small = await openCorpus(join(folder, 'small'));
    const reads: string[] = [];
    let open = 0;
    let most = 0;
    const counting = jest.spyOn(FileStore.prototype, 'get').mockImplementation(async function (this: FileStore, key) {
      reads.push(key);
      most = Math.max(most, ++open);
      return readFile(join(this.address, key)).finally(() => open--);
    });
    await collect(small.stream(options({ repeat: false })));
    counting.mockRestore();
    expect(new Set(reads).size).toBe(reads.length);
    expect(reads.length).toBeGreaterThan(8);
    expect(most).toBe(8);
  });
});

describe('a stream is refused', () => {
  it.each<[string, Partial<StreamOptions>, string, RegExp]>([
    ['a batch of nothing', { batchSize: 0 }, 'STREAM_OPTIONS', /batchSize: 0 is not allowed/],
    ['half a sequence', { position: 0.5 }, 'STREAM_OPTIONS', /position: 0.5/],
    ['a negative seed', { seed: -1 }, 'STREAM_OPTIONS', /seed: -1/],
    ['a reader too many', { readers: { index: 2, count: 2 } }, 'STREAM_OPTIONS', /readers.index: 2/],
    [
      'readers that do not divide the batch',
      { readers: { index: 0, count: 5 } },
      'STREAM_OPTIONS',
      /a multiple of the 5 readers/,
    ],
    ['shorter sequences', { sequenceLength: 15 }, 'SEQUENCE_TOO_LONG', /up to 16 tokens/],
  ])('%s', (_, more, code, message) => {
    expect(() => corpus.stream(options(more))).toThrow(
      expect.objectContaining({ code, exitCode: 2, message: expect.stringMatching(message) }),
    );
  });

  it('an empty split', async () => {
    await writeSynthetic(join(folder, 'no-validation'), { ...SHAPE, validation: 0 });
    const other = await openCorpus(join(folder, 'no-validation'));
    expect(() => other.stream(options({ split: 'validation' }))).toThrow(
      expect.objectContaining({ code: 'CORPUS_EMPTY' }),
    );
  });
});

/** A corpus with one shard damaged: the stream must fail, naming it, before it gives a row of it. */
async function damagedCorpus(name: string, damage: (path: string) => void): Promise<Corpus> {
  const path = join(folder, name);
  await writeSynthetic(path, SHAPE);
  damage(join(path, 'train/shard.00002.mds'));
  return openCorpus(path);
}

const damages: [string, (path: string) => void, string][] = [
  ['cut', (path) => writeFileSync(path, readFileSync(path).subarray(0, 700)), 'SHARD_TRUNCATED'],
  [
    'flipped',
    (path) =>
      writeFileSync(
        path,
        readFileSync(path).map((b, i) => (i === 900 ? b ^ 4 : b)),
      ),
    'SHARD_CORRUPT',
  ],
  ['removed', (path) => rmSync(path), 'SHARD_MISSING'],
];

describe('a damaged shard stops the stream', () => {
  it.each([...damages.map((damage) => [...damage, false] as const), [...damages[1]!, true] as const])(
    '%s',
    async (name, damage, code, worker) => {
      const broken = await damagedCorpus(`${name}-${worker}`, damage);
      const failure = await failureOf(collect(broken.stream(options({ worker, repeat: false }))));
      expect(failure).toMatchObject({ code, exitCode: 1, message: expect.stringContaining('train/shard.00002.mds') });
    },
  );
});

if (threadFile() === null) describeSkipped('a thread', 'libs/corpus/dist is not built: tsc -b libs/corpus');
else
  describe('a thread', () => {
    it('gives the same batches', async () => {
      expect(rowsOf(await take(40, { worker: true, position: 100 }))).toEqual(
        rowsOf(await take(40, { position: 100 })),
      );
      const epoch = await collect(corpus.stream(options({ worker: true, repeat: false })));
      expect(rowsOf(epoch)).toEqual(rowsOf(await collect(corpus.stream(options({ repeat: false })))));
    });

    it('answers calls that were made at once, in order', async () => {
      const stream = corpus.stream(options({ worker: true, prefetch: 1 }));
      const results = await Promise.all(Array.from({ length: 20 }, () => stream.next()));
      expect(results.map((result) => (result.done === true ? null : result.value.samples))).toEqual(
        results.map((_, i) => 12 * (i + 1)),
      );
      await stream.close();
    });

    it('lets go of who waits when it is closed', async () => {
      const stream = corpus.stream(options({ worker: true }));
      const waiting = [stream.next(), stream.next()];
      await stream.close();
      for (const result of await Promise.all(waiting))
        expect(result.done === true || result.value.samples > 0).toBe(true);
      expect(await stream.next()).toEqual({ done: true, value: undefined });
    });

    it('keeps rejecting after a failure', async () => {
      const broken = await damagedCorpus('again', (path) => rmSync(path));
      const stream = broken.stream(options({ worker: true, repeat: false }));
      expect(await failureOf(collect(stream))).toMatchObject({ code: 'SHARD_MISSING' });
      await stream.close();
    });
  });
