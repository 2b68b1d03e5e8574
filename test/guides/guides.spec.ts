import { afterAll, describe, expect, it } from '@jest/globals';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { removeData } from '@orestes/database';
import { commandsOf, type Command } from './commands.js';
import { readPage } from './repository.js';
import { inBackground, shell, type Background } from './shell.js';
import { missingLine } from './shown.js';
import { workingFolder } from './working-folder.js';

/** In the order in which a reader would take them. */
const PAGES = [
  'docs/guides/corpus.md',
  'docs/guides/pretraining.md',
  'docs/guides/finetuning.md',
  'docs/guides/service.md',
  'docs/guides/ci.md',
  'README.md',
];

/** Commands that are not run here, and why. */
const NOT_RUN: [RegExp, string][] = [
  [/^npm run setup/, 'npm test has done it'],
  [/^npm run demo/, 'takes minutes'],
  [/^npm test/, 'is what runs this'],
  [/^export AWS_/, "credentials are the reader's"],
  [/s3:\/\//, "needs the reader's S3 server; libs/storage tests one"],
];
const reasonNotTo = (text: string) => NOT_RUN.find(([pattern]) => pattern.test(text))?.[1];

/** A run reports its first step at once. */
const STARTED = /^step 1\//m;
const SLOWEST_MS = 600_000;

const commands = PAGES.flatMap((page) => commandsOf(readPage(page)).map((command) => ({ page, ...command })));
const folder = workingFolder();
/** npm start sets up, which npm test has done, and calls orestes serve. */
const served = (text: string) => text.replace(/^npm start( --)?/, 'npx orestes serve');
/** What a page has left running, with its page. */
let running: { page: string; server: Background } | null = null;
/** A page's server ends with its page. */
async function turnTo(page: string): Promise<void> {
  if (running === null || running.page === page) return;
  await running.server.end();
  running = null;
}
afterAll(async () => {
  await turnTo('none');
  await removeData(join(folder, 'orestes-data', 'database'));
  rmSync(folder, { recursive: true, force: true });
});

for (const { page, line, text } of commands) {
  const reason = reasonNotTo(text);
  if (reason) process.stderr.write(`not run: ${page}:${line}: ${text}: ${reason}\n`);
}

describe('commands that the documentation gives', () => {
  it.each(commands.filter(({ text }) => !reasonNotTo(text)))(
    '$page:$line: $text',
    async ({ page, text, exitCode, interrupted, background, shown }: Command & { page: string }) => {
      await turnTo(page);
      if (background) {
        running = { page, server: await inBackground(served(text), folder, /serves at http/) };
        return;
      }
      const ended = await shell(text, folder, interrupted ? STARTED : undefined);
      const { output } = ended;
      expect({ exitCode: ended.exitCode, output }).toEqual({ exitCode, output });
      expect({ missing: missingLine(shown, output, folder), output }).toEqual({ missing: null, output });
    },
    SLOWEST_MS,
  );

  it.each(PAGES)('%s gives some', (page) => {
    expect(commands.filter((command) => command.page === page).length).toBeGreaterThan(3);
  });

  it.each(NOT_RUN)('%s is still given', (pattern) => {
    expect(commands.some(({ text }) => pattern.test(text))).toBe(true);
  });
});
