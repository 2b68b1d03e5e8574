import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, describe, expect, it } from '@jest/globals';
import { readTaskFile } from './files.js';

const folder = mkdtempSync(join(tmpdir(), 'orestes files '));
afterAll(() => rmSync(folder, { recursive: true }));
writeFileSync(join(folder, 'a b.tsv'), 'content');

describe('readTaskFile', () => {
  it.each([
    ['a path', join(folder, 'a b.tsv')],
    ['a file address', pathToFileURL(join(folder, 'a b.tsv')).href],
  ])('reads by %s', async (_, location) => {
    expect(new TextDecoder().decode(await readTaskFile(location))).toBe('content');
  });

  it.each([
    ['a file that is not there', join(folder, 'none.tsv'), 'there is no such file'],
    ['a folder', `${folder}/`, 'a folder is given where a file is needed'],
  ])('refuses %s', async (_, location, problem) => {
    await expect(readTaskFile(location)).rejects.toMatchObject({
      code: 'TASK_FILE_MISSING',
      exitCode: 2,
      message: `${location}: ${problem}`,
    });
  });
});
