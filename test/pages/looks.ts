import { mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from '@jest/globals';
import type { BrowserContextOptions, Page } from 'playwright-core';
import type { OpenPage } from './browser.js';

/** How each page is looked at. */
export const LOOKS = {
  light: { colorScheme: 'light' },
  dark: { colorScheme: 'dark' },
  narrow: { colorScheme: 'light', viewport: { width: 360, height: 740 } },
} satisfies Record<string, BrowserContextOptions>;

export type Look = keyof typeof LOOKS;

/** Where the pictures go: ORESTES_SCREENSHOTS, or a folder of the system's temporary one. */
export const pictures = process.env['ORESTES_SCREENSHOTS'] || join(tmpdir(), 'orestes-screenshots');

/** Writes the page's picture, from its top to its end, or what of it is seen. */
export async function picture(page: Page, name: string, look: Look, fullPage = true): Promise<void> {
  mkdirSync(pictures, { recursive: true });
  await page.screenshot({ path: join(pictures, `${name}-${look}.png`), fullPage, animations: 'disabled' });
}

/** What holds of every page: one heading, nothing that scrolls sideways, no complaint of the browser. */
export async function expectSound({ page, errors }: OpenPage): Promise<void> {
  expect(await page.getByRole('heading', { level: 1 }).count()).toBe(1);
  expect(await page.evaluate<number>('document.scrollingElement.scrollWidth - innerWidth')).toBeLessThanOrEqual(0);
  expect(errors).toEqual([]);
}
