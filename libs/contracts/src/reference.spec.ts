import { describe, expect, it } from '@jest/globals';
import { specFields } from './reference.js';

const kinds = specFields((kind, path) => `unset ${kind} ${path}`);
const rows = kinds.flatMap(({ kind, fields }) => fields.map((field) => ({ kind, ...field })));
const row = (kind: string, path: string) => rows.find((r) => r.kind === kind && r.path === path);

describe('specFields', () => {
  it('has every kind of job', () => {
    expect(kinds.map(({ kind }) => kind)).toEqual(['corpus', 'pretrain', 'finetune', 'evaluate', 'sweep', 'pipeline']);
  });

  it.each(rows)('$kind $path has a meaning', ({ meaning }) => {
    expect(meaning).toMatch(/\w{2}.*\.$/s);
  });

  it.each([
    ['corpus', 'output', { type: 'string', allowed: '1 to 2048 characters', default: 'required' }],
    ['corpus', 'compression', { type: 'string', allowed: '`none`, `zstd`', default: '`none`' }],
    ['corpus', 'tokenizer.train.vocabularySize', { type: 'whole number', allowed: '300 to 1000000' }],
    ['pretrain', 'engine.remat', { type: 'boolean', allowed: '', default: '`false`' }],
    ['pretrain', 'model.{encoder,generator,discriminator}.relativeBias', { type: 'object or null', allowed: '' }],
    ['pretrain', 'model.{encoder,generator,discriminator}.dropout', { allowed: 'at least 0, less than 1' }],
    ['pretrain', 'optimizers.kind', { allowed: '`decoupled`, `joint`', default: 'unset pretrain optimizers.kind' }],
    [
      'pretrain',
      'optimizers.{generator,discriminator,joint}.clipNorm',
      { type: 'number or null', allowed: 'more than 0' },
    ],
    ['pretrain', 'schedule.warmupSteps', { type: 'whole number', allowed: 'at least 0' }],
    ['finetune', 'task.text', { type: 'list of string or whole number', allowed: '1 to 2 items' }],
    ['finetune', 'task.label', { type: 'string or whole number', allowed: 'not empty; at least 1' }],
    ['finetune', 'optimizer.name', { default: 'unset finetune optimizer.name' }],
  ])('%s %s', (kind, path, expected) => {
    expect(row(kind, path)).toMatchObject(expected);
  });
});
