import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { ask, startTestService, type RunningService } from '../support/service.js';
import { waitingSpec } from './api.js';
import { describeInBrowser, until } from './browser.js';
import { picture } from './looks.js';

describeInBrowser('a service with keys', (open) => {
  let service: RunningService;
  let key: string;
  beforeAll(async () => {
    service = await startTestService({
      options: ['--keys', '--allow', '/no/corpus'],
      environment: { ORESTES_SLOTS: '0' },
    });
    const file = await until(
      () => Promise.resolve(/the first is in (\S+)/.exec(service.output)?.[1] ?? ''),
      (path) => path !== '',
    );
    key = readFileSync(file, 'utf8').trim();
  });
  afterAll(() => service?.stop());

  it('is asked for on the page, refused when wrong, and used once it is right', async () => {
    const authorization = { authorization: `Bearer ${key}` };
    const made = await ask(`${service.url}/jobs`, { body: waitingSpec('secret'), headers: authorization });
    expect(made.status).toBe(202);
    expect((await ask(`${service.url}/jobs`)).status).toBe(401);

    const { page, errors } = await open(`${service.url}/`);
    const form = page.getByRole('form', { name: 'API key' });
    const give = async (text: string) => {
      await form.getByRole('textbox', { name: 'API key' }).fill(text);
      await form.getByRole('button', { name: 'Use this key' }).click();
    };
    await form.waitFor();
    expect(await page.getByText('secret', { exact: true }).count()).toBe(0);
    await give(`${key.slice(0, -4)}zzzz`);
    await form.getByText('The service refused this key').waitFor();

    await picture(page, 'key', 'light');
    await give(key);
    await page.getByRole('link', { name: 'secret', exact: true }).click();
    await page.getByRole('heading', { name: 'secret', level: 1 }).waitFor();
    await page.getByRole('button', { name: 'Suspend' }).click();
    await page.getByRole('status', { name: 'State' }).getByText('suspended').waitFor();

    await page.getByRole('link', { name: 'Leaderboard' }).click();
    const csv = page.waitForEvent('download');
    await page.getByRole('link', { name: 'Download CSV' }).click();
    expect(readFileSync(await (await csv).path(), 'utf8')).toMatch(/,/);

    await page.reload(); // the tab keeps it
    await page.getByRole('table', { name: 'Leaderboard' }).waitFor();
    await page.getByRole('button', { name: 'Sign out' }).click();
    await form.waitFor();
    expect(errors.filter((error) => error.startsWith('page:'))).toEqual([]);
  });
});
