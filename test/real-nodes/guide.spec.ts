import { afterAll, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describeNodes, FIRST_BUILD_MS } from '@orestes/dev-cluster/testing';
import { commandsOf } from '../guides/commands.js';
import { readPage } from '../guides/repository.js';

const run = promisify(execFile);
const data = join(tmpdir(), `orestes-guide-${process.pid}`);
/** npm run cluster sets up, which has been done. */
const PROGRAM = `${process.execPath} k8s/dev/dist/main.js`;

const [section] = readPage('docs/guides/cluster.md').split('\n## What runs where');
const commands = commandsOf(section!);
/** What `up` said to export. */
const exported: Record<string, string> = {};

describeNodes('the guide to a cluster of one’s own', () => {
  afterAll(async () => {
    await run('sh', ['-c', `${PROGRAM} down --data ${data}`]);
  }, FIRST_BUILD_MS);

  it.each(commands)(
    '$line: $text',
    async ({ text }) => {
      const command = text.replace(/^npm run cluster -- (\w+)/, `${PROGRAM} $1 --data ${data}`);
      const { stdout } = await run('sh', ['-c', command], { env: { ...process.env, ...exported } });
      for (const [, name, value] of stdout.matchAll(/^export (\w+)=(.*)$/gm))
        exported[name!] = value!.replace('$PATH', process.env['PATH']!);
    },
    FIRST_BUILD_MS,
  );

  it('has commands', () => expect(commands.length).toBeGreaterThan(5));
});
