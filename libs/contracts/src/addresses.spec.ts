import { describe, expect, it } from '@jest/globals';
import { jobsIn, mapAddresses } from './addresses.js';

const upper = (spec: unknown) => mapAddresses(spec, (address) => address.toUpperCase());
const ID = '00000000-0000-7000-8000-000000000001';

describe('mapAddresses', () => {
  it.each([
    [
      'every address of a spec',
      { corpus: 'a', output: 'b', input: ['c', 'd'] },
      { corpus: 'A', output: 'B', input: ['C', 'D'] },
    ],
    [
      'those of tasks',
      { task: { train: 'a', validation: 'b', name: 'c' } },
      { task: { train: 'A', validation: 'B', name: 'c' } },
    ],
    ['a tokenizer, but not its training', { tokenizer: { path: 'a' } }, { tokenizer: { path: 'A' } }],
    ['no model of the same name', { model: { generator: { form: 'a' } } }, { model: { generator: { form: 'a' } } }],
    ['no label', { labels: { corpus: 'a', data: 'b' } }, { labels: { corpus: 'a', data: 'b' } }],
    ['those of a grid', { grid: { 'task.data': ['a'], seed: [1] } }, { grid: { 'task.data': ['A'], seed: [1] } }],
    ['those of a base', { base: { checkpoint: 'a' } }, { base: { checkpoint: 'A' } }],
  ])('changes %s', (_, spec, expected) => {
    expect(upper(spec)).toEqual(expected);
  });
});

describe('jobsIn', () => {
  it('finds each job once, and none in labels', () => {
    expect(jobsIn({ corpus: `job:${ID}`, input: [`job:${ID}`, 'job:x'], labels: { data: `job:${ID}` } })).toEqual([ID]);
    expect(jobsIn({ labels: { data: `job:${ID}` } })).toEqual([]);
  });
});
