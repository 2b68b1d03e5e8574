import { describe, expect, it } from '@jest/globals';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ROOT } from './repository.js';
import { shell } from './shell.js';

describe('generated files', () => {
  it('docs/spec.md is what the schemas give', async () => {
    const { exitCode, output } = await shell('node tools/docs.mjs --check', ROOT);
    expect({ exitCode, output }).toEqual({ exitCode: 0, output: '' });
  });

  it('examples/data is what its script writes', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'orestes-examples-'));
    try {
      const { exitCode } = await shell(`node examples/data/make.mjs ${folder}`, ROOT);
      expect(exitCode).toBe(0);
      const made = readdirSync(folder);
      expect(made).toHaveLength(3);
      for (const name of made)
        expect(readFileSync(join(folder, name), 'utf8')).toBe(readFileSync(join(ROOT, 'examples/data', name), 'utf8'));
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
