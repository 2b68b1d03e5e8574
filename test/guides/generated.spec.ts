import { describe, expect, it } from '@jest/globals';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ROOT } from './repository.js';
import { shell } from './shell.js';

describe('generated files', () => {
  it('docs/spec.md, docs/api.md and the CRD of the chart are what the schemas give', async () => {
    const { exitCode, output } = await shell('node tools/docs.mjs --check', ROOT);
    expect({ exitCode, output }).toEqual({ exitCode: 0, output: '' });
  });

  it('docs/reproduction/fig3.md is what its runs give, and shows what it must', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'orestes-fig3-'));
    try {
      const pages = 'docs/reproduction';
      cpSync(join(ROOT, pages, 'fig3.csv'), join(folder, 'fig3.csv'));
      const command = `npx orestes reproduce fig3 --json --output ${folder}`;
      const { exitCode, output } = await shell(command, ROOT);
      expect({ exitCode, output }).toEqual({ exitCode: 0, output: expect.stringContaining('none is run') });
      const { verdicts } = JSON.parse(output.trimEnd().split('\n').at(-1)!) as { verdicts: { shown: boolean }[] };
      expect(verdicts.map((v) => v.shown)).toEqual([true, true, true, true, true]);
      for (const name of ['fig3.csv', 'fig3.md', 'fig3.svg'])
        expect(readFileSync(join(folder, name), 'utf8')).toBe(readFileSync(join(ROOT, pages, name), 'utf8'));
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
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
