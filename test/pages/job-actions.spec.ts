import { afterAll, beforeAll, beforeEach, expect, it } from '@jest/globals';
import type { Page } from 'playwright-core';
import { startTestService, type RunningService } from '../support/service.js';
import { job, submit, waitingSpec } from './api.js';
import { describeInBrowser } from './browser.js';
import { picture } from './looks.js';

describeInBrowser('what may be asked of a job', (open) => {
  let service: RunningService;
  let page: Page;
  let errors: string[];
  let id: string;
  beforeAll(async () => {
    service = await startTestService({ environment: { ORESTES_SLOTS: '0' } });
  });
  beforeEach(async () => {
    id = await submit(service.url, waitingSpec('waiting'));
    ({ page, errors } = await open(`${service.url}/#/jobs/${id}`));
    await inState('queued');
  });
  afterAll(() => service?.stop());

  const press = (name: string) => page.getByRole('button', { name, exact: true }).click();
  const inState = (state: string) => page.getByRole('status', { name: 'State' }).getByText(state).waitFor();
  const buttons = async () => {
    const names = await page.getByRole('region', { name: 'Job' }).getByRole('button').allInnerTexts();
    return names.filter((name) => name !== '');
  };

  it('is cancelled in a dialog, and only there', async () => {
    expect(await buttons()).toEqual(['Suspend', 'Cancel']);
    const dialog = page.getByRole('dialog', { name: 'Cancel this job?' });
    await press('Cancel');
    await picture(page, 'job-cancel', 'light', false);
    await dialog.getByRole('button', { name: 'Keep it' }).click();
    await dialog.waitFor({ state: 'hidden' });
    expect((await job(service.url, id)).state).toBe('queued');

    await press('Cancel');
    await dialog.getByRole('button', { name: 'Cancel job' }).click();
    await inState('cancelled');
    expect((await job(service.url, id)).state).toBe('cancelled');
    expect(errors).toEqual([]);
  });

  it('is suspended and resumed', async () => {
    await press('Suspend');
    await inState('suspended');
    expect(await buttons()).toEqual(['Resume', 'Cancel']);
    await press('Resume');
    await inState('queued');
    await page.getByRole('region', { name: 'Events' }).getByText('suspended').first().waitFor();
    expect(errors).toEqual([]);
  });

  it('is retried as a new job, which names the old one', async () => {
    await press('Cancel');
    await press('Cancel job');
    await inState('cancelled');
    await press('Retry');
    await page.waitForURL((url) => url.hash.startsWith('#/jobs/') && !url.hash.includes(id));
    await inState('queued');
    const next = await job(service.url, page.url().split('/').at(-1)!);
    expect(next).toMatchObject({ name: 'waiting', retryOf: id });
    await page.getByRole('region', { name: 'Lineage' }).getByText('Repeats').waitFor();
    expect(errors).toEqual([]);
  });
});
