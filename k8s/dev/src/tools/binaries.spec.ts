import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { binariesFolder, versionOf, type Program } from './binaries.js';
import { NEEDED_GO } from './go.js';

const PINNED: [Program, string][] = [
  ['hyperkube', '1.35.4'],
  ['etcd', '3.6.16'],
  ['kwok', '0.8.0'],
  ['coredns', '1.14.7'],
];

describe('the programs', () => {
  it.each(PINNED)('%s is pinned at %s, which names its folder', (program, version) => {
    expect(versionOf(program)).toBe(version);
    expect(binariesFolder()).toContain(`${program}-${version}-`);
  });

  it.each(PINNED)('%s can be built by the Go that is asked for', (program) => {
    const mod = readFileSync(fileURLToPath(new URL(`../../go/${program}/go.mod`, import.meta.url)), 'utf8');
    const [, minor] = /^go 1\.(\d+)/m.exec(mod) ?? [];
    expect(Number(minor)).toBeLessThanOrEqual(NEEDED_GO.minor);
  });

  it('lie in the cache folder, by what they are built from', () => {
    expect(binariesFolder()).toMatch(/cluster\/.*-[0-9a-f]{12}$/);
    expect(binariesFolder()).toBe(binariesFolder());
  });
});
