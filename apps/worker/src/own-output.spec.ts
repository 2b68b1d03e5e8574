import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import type { JobSpec } from '@orestes/contracts';
import { assertOwnOutput } from './own-output.js';

const root = mkdtempSync(join(tmpdir(), 'orestes-own-'));
afterAll(() => rmSync(root, { recursive: true }));

/** A folder that holds these files. */
function holding(name: string, ...files: string[]): string {
  const folder = join(root, name);
  mkdirSync(folder, { recursive: true });
  for (const file of files) writeFileSync(join(folder, file), '{}');
  return folder;
}

const outputs = {
  new: join(root, 'none'),
  empty: holding('empty'),
  corpus: holding('corpus', 'corpus.json'),
  training: holding('training', 'metrics.jsonl'),
  trained: holding('trained', 'metrics.jsonl', 'result.json'),
  evaluation: holding('evaluation', 'result.json'),
};
const kinds = ['corpus', 'pretrain', 'finetune', 'evaluate'] as const;
const allowed: Record<keyof typeof outputs, readonly JobSpec['kind'][]> = {
  new: kinds,
  empty: kinds,
  corpus: ['corpus'],
  training: ['pretrain', 'finetune'],
  trained: ['pretrain', 'finetune'],
  evaluation: ['evaluate'],
};

describe('an output', () => {
  it.each(Object.entries(allowed))('%s takes %j', async (name, wanted) => {
    const output = outputs[name as keyof typeof outputs];
    const taken: string[] = [];
    for (const kind of kinds)
      await assertOwnOutput({ kind, output } as JobSpec).then(
        () => taken.push(kind),
        (error: unknown) => expect(error).toMatchObject({ code: 'OUTPUT_OTHER_JOB', exitCode: 2 }),
      );
    expect(taken).toEqual(wanted);
  });
});
