import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { startTestService, type RunningService } from '../support/service.js';
import { submit, waitingSpec } from './api.js';
import { describeInBrowser } from './browser.js';
import { picture } from './looks.js';

/** Longer than a page waits from one question to the next. */
const AWAY_MS = 6000;

describeInBrowser('a service that dies', (open) => {
  let service: RunningService;
  beforeAll(async () => {
    service = await startTestService({ environment: { ORESTES_SLOTS: '0' } });
  });
  afterAll(() => service?.stop());

  it.each(['jobs', 'job'])('is told of on the page %s, which goes on by itself when it is back', async (where) => {
    const id = await submit(service.url, waitingSpec('before'));
    const { page, errors } = await open(`${service.url}/#/${where === 'job' ? `jobs/${id}` : ''}`);
    const known =
      where === 'job'
        ? page.getByRole('heading', { name: 'before', level: 1 })
        : page.getByRole('link', { name: 'before', exact: true }).first();
    await known.waitFor();
    const banner = page.getByRole('status', { name: 'Connection' });
    expect(await banner.innerText()).toBe('');

    const back = service.killAndRestart(AWAY_MS);
    await banner.getByText('The service does not answer.').waitFor();
    await picture(page, `${where}-service-away`, 'light');
    expect(await known.isVisible()).toBe(true);
    await back;
    await banner.getByText('The service does not answer.').waitFor({ state: 'hidden' });

    if (where === 'job') {
      await page.getByRole('button', { name: 'Suspend' }).click();
      await page.getByRole('status', { name: 'State' }).getByText('suspended').waitFor();
    } else {
      await submit(service.url, waitingSpec('after'));
      await page.getByRole('link', { name: 'after', exact: true }).waitFor();
    }
    expect(errors.filter((error) => error.startsWith('page:'))).toEqual([]);
  });
});
