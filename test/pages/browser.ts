import { existsSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, jest } from '@jest/globals';
import { describeSkipped } from '@orestes/storage/testing';
import { chromium, type Browser, type BrowserContextOptions, type Page } from 'playwright-core';

const PROGRAMS = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
const ARGUMENTS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-quic',
  '--no-first-run',
];
/** Of one wait for something to be seen: a worker compiles its step first, on cores that are shared. */
const PATIENCE = 120_000;

export interface OpenPage {
  page: Page;
  /** Errors that the console and the page's own code told. */
  errors: string[];
}

/** A page in a context of its own, with no stored theme and no key, until the test ends. */
export type Open = (url: string, options?: BrowserContextOptions) => Promise<OpenPage>;

/** A suite that sees the pages as a user does; where there is no browser it is skipped, and says so. */
export function describeInBrowser(name: string, body: (open: Open) => void): void {
  const program = [process.env['CHROMIUM'] ?? '', ...PROGRAMS].find((path) => existsSync(path));
  if (program === undefined)
    return describeSkipped(
      name,
      `there is no Chromium (looked at ${PROGRAMS.join(', ')}; or set CHROMIUM to its path)`,
    );
  jest.setTimeout(600_000);
  describe(name, () => {
    let browser: Browser;
    beforeAll(async () => {
      browser = await chromium.launch({ executablePath: program, args: ARGUMENTS });
    });
    afterEach(() => Promise.all(browser.contexts().map((context) => context.close())));
    afterAll(() => browser?.close());
    body((url, options) => openPage(browser, url, options));
  });
}

async function openPage(browser: Browser, url: string, options: BrowserContextOptions = {}): Promise<OpenPage> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
  context.setDefaultTimeout(PATIENCE);
  const page = await context.newPage();
  const errors: string[] = [];
  page.on('console', (message) => message.type() === 'error' && errors.push(`console: ${message.text()}`));
  page.on('pageerror', (error) => errors.push(`page: ${error.message}`));
  await page.goto(url);
  return { page, errors };
}

/** Asks again and again until the answer fits. @returns that answer */
export async function until<T>(ask: () => Promise<T>, fits: (answer: T) => boolean): Promise<T> {
  const end = Date.now() + PATIENCE;
  for (;;) {
    const answer = await ask();
    if (fits(answer)) return answer;
    if (Date.now() > end)
      throw new Error(`in ${PATIENCE} ms the answer came to no more than ${JSON.stringify(answer)}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
