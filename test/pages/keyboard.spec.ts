import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { Page } from 'playwright-core';
import { startTestService, type RunningService } from '../support/service.js';
import { submit, waitingSpec } from './api.js';
import { describeInBrowser, until } from './browser.js';

describeInBrowser('the pages by keyboard alone', (open) => {
  let service: RunningService;
  let id: string;
  beforeAll(async () => {
    service = await startTestService({ environment: { ORESTES_SLOTS: '0' } });
    id = await submit(service.url, waitingSpec('waiting'));
  });
  afterAll(() => service?.stop());

  it('Tab goes from the link past the header over the pages into the filter', async () => {
    const { page } = await open(`${service.url}/`);
    await page.getByRole('table', { name: 'Jobs' }).waitFor();
    const order = [];
    for (let i = 0; i < 9; i++) order.push(await tab(page));
    expect(order).toEqual([
      'Skip to content',
      'Orestes, all jobs',
      'Jobs',
      'Submit',
      'Leaderboard',
      'Compare',
      'Switch to dark theme',
      'Submit a job',
      'State',
    ]);
  });

  it('the skip link is seen when it has the focus, and leads past the header', async () => {
    const { page } = await open(`${service.url}/`);
    await page.getByRole('table', { name: 'Jobs' }).waitFor();
    const skip = page.getByRole('button', { name: 'Skip to content' });
    const width = async () => (await skip.boundingBox())!.width;
    expect(await width()).toBeLessThan(5);
    await tab(page);
    expect(await width()).toBeGreaterThan(100);
    await page.keyboard.press('Enter');
    expect(await tab(page)).toBe('Submit a job');
  });

  it('Enter opens a page, whose content then has the focus', async () => {
    const { page } = await open(`${service.url}/`);
    await page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name: 'Submit' }).focus();
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Submit a job' }).waitFor();
    await until(
      () => page.evaluate<string>('document.activeElement.id'),
      (focused) => focused === 'main',
    );
    expect(await tab(page)).toBe('Pretraining form');
    await page.keyboard.press('ArrowRight');
    expect(await focused(page)).toBe('JSON, any kind');
    await page.getByRole('textbox', { name: 'Spec (JSON)' }).waitFor();
  });

  it('the theme is switched, and stays so', async () => {
    const { page } = await open(`${service.url}/`);
    const ground = () => page.evaluate<string>('getComputedStyle(document.documentElement).backgroundColor');
    const light = await ground();
    await page.getByRole('button', { name: 'Switch to dark theme' }).focus();
    await page.keyboard.press('Enter');
    expect(await focused(page)).toBe('Switch to light theme');
    const dark = await ground();
    expect(dark).not.toBe(light);
    await page.reload();
    await page.getByRole('button', { name: 'Switch to light theme' }).waitFor();
    expect(await ground()).toBe(dark);
  });

  it('Escape leaves the dialog, and the focus is where it was', async () => {
    const { page } = await open(`${service.url}/#/jobs/${id}`);
    await page.getByRole('button', { name: 'Cancel', exact: true }).focus();
    await page.keyboard.press('Enter');
    const dialog = page.getByRole('dialog', { name: 'Cancel this job?' });
    await dialog.waitFor();
    expect(await focused(page)).toBe('Keep it');
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'hidden' });
    expect(await focused(page)).toBe('Cancel');
    expect(await page.getByRole('status', { name: 'State' }).innerText()).toBe('queued');
  });
});

/** @returns the name of what has the focus then */
async function tab(page: Page): Promise<string> {
  await page.keyboard.press('Tab');
  return focused(page);
}

const focused = (page: Page) =>
  page.evaluate<string>(
    'document.activeElement.ariaLabel ?? document.activeElement.labels?.[0]?.innerText ?? document.activeElement.innerText',
  );
