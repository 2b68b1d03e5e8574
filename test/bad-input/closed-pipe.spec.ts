import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { shell } from '../guides/shell.js';
import { ROOT } from '../guides/repository.js';
import { checkpoints, makeCorpus, pretrainSpec } from '../support/tiny.js';

jest.setTimeout(300_000);

const folder = mkdtempSync(join(tmpdir(), 'orestes-pipe-'));
const orestes = join(ROOT, 'apps', 'cli', 'bin', 'orestes.mjs');

beforeAll(async () => {
  await makeCorpus(folder);
  const spec = { ...pretrainSpec, corpus: 'corpus', schedule: { ...pretrainSpec.schedule, maxSteps: 2000 } };
  writeFileSync(join(folder, 'spec.json'), JSON.stringify(spec));
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('output that nobody reads any more', () => {
  it.each([
    ['standard output', `${orestes} run spec.json --json | head -n 5 >head.txt`],
    ['both', `${orestes} run spec.json --json 2>&1 | head -n 5 >head.txt`],
  ])('stops a job where it can go on from: %s', async (_, command) => {
    const { output } = await shell(`bash -c 'node ${command}; echo "ended \${PIPESTATUS[0]}"'`, folder);
    expect(output).toContain('ended 130');
    expect(Object.keys(await checkpoints(folder)).length).toBeGreaterThan(0);
  });

  it('ends what only shows something, as done', async () => {
    const { output } = await shell(
      `bash -c 'node ${orestes} recipes electra | head -n 1; echo "ended \${PIPESTATUS[0]}"'`,
      folder,
    );
    expect(output).toContain('ended 0');
  });
});
