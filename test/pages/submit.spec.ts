import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, it } from '@jest/globals';
import type { Locator, Page } from 'playwright-core';
import type { JobDocument } from '@orestes/contracts';
import { ask, startTestService, type RunningService } from '../support/service.js';
import { makeCorpus } from '../support/tiny.js';
import { describeInBrowser, until } from './browser.js';
import { picture } from './looks.js';

describeInBrowser('the page to submit', (open) => {
  const folder = mkdtempSync(join(tmpdir(), 'orestes-submit-'));
  let service: RunningService;
  let page: Page;
  let errors: string[];
  beforeAll(async () => {
    await makeCorpus(folder);
    service = await startTestService({ environment: { ORESTES_SLOTS: '0' } });
  });
  beforeEach(async () => {
    ({ page, errors } = await open(`${service.url}/#/submit`));
    await page.getByRole('option', { name: 'electra', exact: true }).waitFor({ state: 'attached' });
  });
  afterAll(async () => {
    await service?.stop();
    rmSync(folder, { recursive: true });
  });

  const box = (name: string) => page.getByRole('textbox', { name, exact: true });
  const press = (name: string) => page.getByRole('button', { name, exact: true }).click();
  const tab = (name: string) => page.getByRole('tab', { name }).click();
  /** The job of the page that a submission leads to. */
  const submitted = async (): Promise<JobDocument> => {
    await page.waitForURL(/#\/jobs\/[0-9a-f-]+$/);
    const id = page.url().split('/').at(-1)!;
    return (await ask(`${service.url}/jobs/${id}`)).body as JobDocument;
  };
  const fillForm = async (name: string) => {
    await box('Name').fill(name);
    await page.getByRole('combobox', { name: 'Corpus' }).fill(join(folder, 'corpus'));
    await box('Max steps').fill('2_000');
  };

  it('says beside the field what is wrong with it, until it is changed', async () => {
    await fillForm('My Run');
    const rate = box('G peak learning rate');
    await rate.fill('0');
    await press('Submit');
    const says = await until(
      () => errorOf(rate),
      (text) => text !== '',
    );
    expect(says).toMatch(/0 is too small \(more than 0\)/);
    expect(await rate.getAttribute('aria-invalid')).toBe('true');
    expect(await errorOf(box('Name'))).toMatch(/My Run/);
    expect(await errorOf(box('D peak learning rate'))).toBe('');
    expect(await page.getByRole('alert').innerText()).toMatch(/2 fields are marked/);
    await picture(page, 'submit-wrong', 'light');
    await rate.fill('2e-4');
    expect(await rate.getAttribute('aria-invalid')).toBe('false');
    expect(page.url()).toMatch(/#\/submit$/);
  });

  it('plans without submitting, and submits', async () => {
    await fillForm('planned');
    await box('G peak learning rate').fill('2e-4');
    await box('Labels').fill('team=a\npurpose=test');
    await press('Plan');
    const plan = page.getByRole('region', { name: 'Plan' });
    await plan.waitFor();
    await picture(page, 'submit-plan', 'light');
    const facts = await plan.innerText();
    expect(facts).toMatch(/Parameters\s+[\d.]+[kM]/);
    expect(facts).toMatch(/Steps\s+2,000/);
    expect(facts).toMatch(/Tokens\s+[\d.]+[kMG]/);
    expect(facts).toMatch(/Memory a device\s+[\d.]+ [kMG]B/);
    expect((await ask(`${service.url}/jobs?name=planned`)).body).toMatchObject({ items: [] });

    await press('Submit');
    const job = await submitted();
    expect(job).toMatchObject({ name: 'planned', state: 'queued', labels: { team: 'a', purpose: 'test' } });
    expect(job.spec).toMatchObject({
      optimizers: { generator: { peakLearningRate: 2e-4 } },
      schedule: { maxSteps: 2000 },
    });
    await page.getByRole('heading', { name: 'planned', level: 1 }).waitFor();
    expect(errors.filter((error) => error.startsWith('page:'))).toEqual([]);
  });

  it('shows the learning rates that the recipe has', async () => {
    await page.getByRole('combobox', { name: 'Recipe' }).selectOption('electra');
    await box('Peak learning rate').waitFor();
    expect(await box('G peak learning rate').count()).toBe(0);
  });

  it('takes JSON, that of the form and that of an example', async () => {
    await fillForm('from-json');
    await tab('JSON, any kind');
    const spec = box('Spec (JSON)');
    expect(JSON.parse(await spec.inputValue())).toMatchObject({ kind: 'pretrain', name: 'from-json' });
    await spec.fill('{ "kind": ');
    expect(await errorOf(spec)).not.toBe('');
    expect(await page.getByRole('button', { name: 'Submit' }).isDisabled()).toBe(true);

    await page.getByRole('combobox', { name: 'Start from an example' }).selectOption('corpus');
    const example = JSON.parse(await spec.inputValue()) as Record<string, unknown>;
    await spec.fill(JSON.stringify({ ...example, sequenceLength: 1 }));
    await press('Submit');
    await page.getByRole('alert').getByText('/sequenceLength', { exact: true }).waitFor();
    await spec.fill(JSON.stringify({ ...example, name: 'by-example' }));
    await press('Submit');
    expect(await submitted()).toMatchObject({ kind: 'corpus', name: 'by-example', state: 'queued' });
    expect(errors.filter((error) => error.startsWith('page:'))).toEqual([]);
  });
});

/** What is said of a field, where a screen reader finds it. */
async function errorOf(field: Locator): Promise<string> {
  const ids = (await field.getAttribute('aria-describedby')) ?? '';
  return field
    .page()
    .locator(`[id="${ids.split(' ').at(-1)}"]`)
    .innerText();
}
