import { describe, expect, it } from '@jest/globals';
import { problemOf, relativeLinks } from './links.js';
import { pages, readPage, ROOT } from './repository.js';

describe('links', () => {
  it.each(pages())('%s leads to files and headings that there are', (page) => {
    const broken = relativeLinks(readPage(page)).flatMap((link) => {
      const problem = problemOf(link, page, ROOT);
      return problem ? [`${link}: ${problem}`] : [];
    });
    expect(broken).toEqual([]);
  });

  it.each([
    ['LICENSE', null],
    ['docs/model.md#one-pretraining-step', null],
    ['#two-commands', null],
    ['docs/nothing.md', 'no such file'],
    ['docs/model.md#nothing', 'no such heading'],
    ['docs#nothing', 'no such heading'],
    ['../other', 'leads out of the repository'],
  ])('README.md: %s: %s', (link, problem) => {
    expect(problemOf(link, 'README.md', ROOT)).toBe(problem);
  });

  it('are told from code and addresses', () => {
    const text = 'See [a](b.md), [c](https://d) and `[e](f)`.\n\n```\n[g](h)\n```\n\n[i](j.md#k)';
    expect(relativeLinks(text)).toEqual(['b.md', 'j.md#k']);
  });
});
