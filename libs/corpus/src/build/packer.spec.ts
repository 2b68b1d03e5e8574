import { describe, expect, it } from '@jest/globals';
import { Packer } from './packer.js';

const CLS = 2;
const SEP = 3;

function pack(sequenceLength: number, documents: number[][][]) {
  const sequences: number[][] = [];
  const packer = new Packer(sequenceLength, { cls: CLS, sep: SEP }, (sequence) => sequences.push([...sequence]));
  for (const passages of documents) {
    for (const ids of passages) packer.add(ids);
    packer.endDocument();
  }
  return { sequences, shortChunks: packer.shortChunks };
}

const ids = (from: number, count: number) => Array.from({ length: count }, (_, i) => from + i);

describe('Packer', () => {
  it.each<[string, number[][][], number[][], number]>([
    ['a short document', [[[10, 11]]], [[CLS, 10, 11, SEP]], 0],
    ['one that fills a sequence', [[ids(10, 6)]], [[CLS, ...ids(10, 6), SEP]], 0],
    ['one token too many', [[ids(10, 7)]], [[CLS, ...ids(10, 6), SEP]], 1],
    [
      'two tokens too many',
      [[ids(10, 8)]],
      [
        [CLS, ...ids(10, 6), SEP],
        [CLS, 16, 17, SEP],
      ],
      0,
    ],
    [
      'two documents that would fit together',
      [[[10, 11]], [[20, 21]]],
      [
        [CLS, 10, 11, SEP],
        [CLS, 20, 21, SEP],
      ],
      0,
    ],
    ['passages of one document', [[[10], [11, 12], [], [13]]], [[CLS, 10, 11, 12, 13, SEP]], 0],
    ['one token alone', [[[10]], [[20, 21]]], [[CLS, 20, 21, SEP]], 1],
    ['no token', [[[]], []], [], 0],
  ])('%s', (_, documents, sequences, shortChunks) => {
    expect(pack(8, documents)).toEqual({ sequences, shortChunks });
  });

  it('never joins documents and loses nothing but short ends', () => {
    for (let sequenceLength = 8; sequenceLength < 20; sequenceLength++) {
      // Each document's ids say whose they are.
      const documents = Array.from({ length: 60 }, (_, d) => [ids(1000 * (d + 1), (d * 7) % 50)]);
      const { sequences, shortChunks } = pack(sequenceLength, documents);
      for (const sequence of sequences) {
        expect(sequence.length).toBeLessThanOrEqual(sequenceLength);
        expect([sequence[0], sequence.at(-1)]).toEqual([CLS, SEP]);
        expect(new Set(sequence.slice(1, -1).map((id) => Math.floor(id / 1000))).size).toBe(1);
      }
      const kept = sequences.flatMap((s) => s.slice(1, -1));
      expect(new Set(kept).size).toBe(kept.length);
      expect(kept.length + shortChunks).toBe(documents.flat(2).length);
    }
  });
});
