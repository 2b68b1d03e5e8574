import { describe, expect, it } from '@jest/globals';
import { InvalidDocument, MOST_CHILDREN, SubmittedSpec } from '@orestes/contracts';
import { expand } from './expand.js';

const ids = () => {
  let n = 0;
  return () => `00000000-0000-7000-8000-${String(n++).padStart(12, '0')}`;
};
const expanded = (spec: object) => expand(SubmittedSpec.parse(spec), ids());
const job = (n: number) => `job:00000000-0000-7000-8000-${String(n).padStart(12, '0')}`;

const corpus = { input: ['a.txt'], tokenizer: { train: { vocabularySize: 300 } } };
const pretrain = { recipe: 'electra', size: 'tiny' };
const task = { task: { glue: 'cola', data: 'd' } };
const base = { kind: 'pretrain', ...pretrain, corpus: 'c' };

describe('a pipeline', () => {
  const nodes = expanded({
    kind: 'pipeline',
    name: 'p',
    seed: 7,
    labels: { team: 'x' },
    priority: 3,
    corpus,
    pretrain,
    finetune: { tasks: [task], seeds: [1, 2], weights: ['pretrained', 'random'] },
  });

  it('is a corpus, a pretraining and a fine-tuning for each task, kind of weights and seed', () => {
    expect(nodes.map(({ spec }) => [spec.kind, spec.name])).toEqual([
      ['pipeline', 'p'],
      ['corpus', 'p-corpus'],
      ['pretrain', 'p-pretrain'],
      ['finetune', 'p-cola-s1'],
      ['finetune', 'p-cola-s2'],
      ['finetune', 'p-cola-rnd-s1'],
      ['finetune', 'p-cola-rnd-s2'],
    ]);
  });

  it('hands outputs on by the ids of its jobs', () => {
    expect(nodes[2]!.spec).toMatchObject({ corpus: job(1), seed: 7 });
    expect(nodes.slice(3).map(({ spec }) => spec)).toEqual(
      [1, 2, 1, 2].map((seed) => expect.objectContaining({ checkpoint: job(2), seed }) as unknown),
    );
    const id = (n: number) => job(n).slice('job:'.length);
    expect(nodes.map(({ dependsOn }) => dependsOn)).toEqual([[], [], [id(1)], ...Array<string[]>(4).fill([id(2)])]);
    expect(nodes.slice(1).every(({ parent }) => parent === nodes[0]!.id)).toBe(true);
  });

  it('gives labels, priority and retries to its jobs', () => {
    for (const { spec } of nodes) expect(spec).toMatchObject({ labels: { team: 'x' }, priority: 3, retries: 3 });
  });

  it('builds no corpus where one is named, and ends with pretraining where no task is', () => {
    const short = expanded({ kind: 'pipeline', name: 'p', corpus: 's3://bucket/c', pretrain });
    expect(short.map(({ spec }) => spec.kind)).toEqual(['pipeline', 'pretrain']);
    expect(short[1]).toMatchObject({ dependsOn: [], spec: { corpus: 's3://bucket/c' } });
  });
});

describe('a sweep', () => {
  const path = 'optimizers.generator.peakLearningRate';

  it('is one job for each point and seed', () => {
    const nodes = expanded({ kind: 'sweep', name: 's', base, grid: { [path]: [1e-4, 1e-3] }, seeds: [1, 2] });
    const points = nodes.slice(1).map(({ spec }) => spec as { seed: number; optimizers: unknown; name: string });
    expect(points.map(({ name, seed, optimizers }) => [name, seed, optimizers])).toEqual(
      [
        [1e-4, 1],
        [1e-4, 2],
        [1e-3, 1],
        [1e-3, 2],
      ].map(([rate, seed], i) => [`s-${i + 1}`, seed, { generator: { peakLearningRate: rate } }]),
    );
  });

  it('may be of pipelines', () => {
    const pipeline = { kind: 'pipeline', corpus, pretrain };
    const nodes = expanded({ kind: 'sweep', name: 's', base: pipeline, seeds: [1, 2] });
    expect(nodes.map(({ spec }) => spec.kind)).toEqual([
      'sweep',
      ...['pipeline', 'corpus', 'pretrain'].flatMap((k) => k),
      ...['pipeline', 'corpus', 'pretrain'],
    ]);
    expect(nodes[2]!.parent).toBe(nodes[1]!.id);
    expect(nodes[3]!.dependsOn).toEqual([nodes[2]!.id]);
  });

  it.each<[string, object, (string | number)[], string]>([
    ['a value of the grid', { grid: { [path]: [1e-4, -1] } }, ['grid', path], '-1 is too small'],
    [
      'an unknown field of the grid',
      { grid: { 'schedule.maxStep': [5] } },
      ['grid', 'schedule.maxStep'],
      'unknown field',
    ],
    ['a field of the base', { base: { ...base, size: 'huge' } }, ['base', 'size'], 'is not allowed'],
    ['a hidden field', { grid: { '__proto__.x': [1] } }, ['grid', '__proto__.x'], 'unknown field'],
    [
      'too many points',
      { grid: { a: Array(40).fill(1), b: Array(40).fill(1) } },
      [],
      `makes 1600 jobs (at most ${MOST_CHILDREN})`,
    ],
  ])('tells %s that is wrong where it was written', (_, change, at, message) => {
    const wrong = () => expanded({ kind: 'sweep', name: 's', base, ...change });
    expect(wrong).toThrow(InvalidDocument);
    try {
      wrong();
    } catch (error) {
      const { problems } = error as InvalidDocument;
      expect(problems).toContainEqual(
        expect.objectContaining({ path: at, message: expect.stringContaining(message) as unknown }),
      );
    }
  });
});
