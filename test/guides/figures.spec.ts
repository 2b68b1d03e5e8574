import { describe, expect, it } from '@jest/globals';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pages, readPage, ROOT } from './repository.js';

const BENCH = /\bnpm run bench -- ([\w-]+)/g;
const COMMAND = /\bnpm run bench -- [\w-]+|\bnpx orestes [a-z]+ \w+|\bnpm run demo\b/;
const hasFigures = (text: string) => /^\|.*\d.*\|$/m.test(text);
const reports = pages().filter((page) => /^docs\/(benchmarks\.md|reproduction\/)/.test(page));

describe('pages with measured figures', () => {
  it('are there', () => {
    expect(reports).toContain('docs/benchmarks.md');
    expect(reports.filter((page) => page.startsWith('docs/reproduction/')).length).toBeGreaterThan(0);
  });

  it('name the command that makes them', () => {
    const wanting = reports.filter((page) => !hasFigures(readPage(page)) || !COMMAND.test(readPage(page)));
    expect(wanting).toEqual([]);
  });

  it.each(pages())('%s names benchmarks that there are', (page) => {
    const names = [...readPage(page).matchAll(BENCH)].map((match) => match[1]!);
    expect(names.filter((name) => !existsSync(join(ROOT, 'test', 'bench', `${name}.ts`)))).toEqual([]);
  });
});
