import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { Page } from 'playwright-core';
import type { JobSummary } from '@orestes/contracts';
import { examplePipeline, startTestService, type RunningService } from '../support/service.js';
import { children, job, submit, succeeded } from './api.js';
import { describeInBrowser, until } from './browser.js';
import { expectSound, LOOKS, picture, pictures, type Look } from './looks.js';

/** Long enough to be watched. */
const STEPS = 600;

describeInBrowser('a demo run in the pages', (open) => {
  let service: RunningService;
  let pipeline: string;
  let of: Record<'corpus' | 'pretrain' | 'finetune', JobSummary[]>;

  beforeAll(async () => {
    service = await startTestService();
    const spec = examplePipeline({ steps: STEPS, seeds: [1, 2], weights: ['pretrained', 'random'] });
    pipeline = await submit(service.url, spec);
    const all = await children(service.url, pipeline);
    const kind = (wanted: string) => all.filter((child) => child.kind === wanted).reverse();
    of = { corpus: kind('corpus'), pretrain: kind('pretrain'), finetune: kind('finetune') };
  });
  afterAll(() => service?.stop());

  it('curves and progress follow a running job by themselves', async () => {
    const { id } = of.pretrain[0]!;
    const { page, errors } = await open(`${service.url}/#/jobs/${id}`);
    const state = page.getByRole('status', { name: 'State' });
    await state.getByText('running').waitFor();
    const seen = [];
    for (let last = -1; last < STEPS;) {
      last = await until(
        () => lastStep(page, 'Loss of D (RTD)'),
        (step) => step > last,
      );
      if (seen.length === 4) await picture(page, 'job-running', 'light');
      seen.push({ step: last, loss: await legend(page, 'Loss of D (RTD)'), done: await done(page) });
    }
    await state.getByText('succeeded').waitFor();
    expect(await done(page)).toBe(1);
    expect(seen.length).toBeGreaterThan(3); // a page that shows curves at the end alone has one
    expect(new Set(seen.map(({ loss }) => loss)).size).toBeGreaterThan(2);
    expect(seen.some((at) => at.done > 0 && at.done < 1)).toBe(true);
    expect(await lastStep(page, 'Loss of G (MLM)')).toBe(STEPS);
    expect(errors).toEqual([]);
  });

  it('a pipeline shows how its children end', async () => {
    const { page, errors } = await open(`${service.url}/#/jobs/${pipeline}`);
    await page.getByRole('status', { name: 'State' }).getByText('succeeded').waitFor();
    const table = page.getByRole('table', { name: 'Children' });
    await table.getByRole('cell', { name: 'succeeded' }).nth(5).waitFor();
    expect(await table.getByRole('row').count()).toBe(1 + 6);
    await succeeded(service.url, pipeline);
    expect(errors).toEqual([]);
  });

  /** What tells that a page has all it shows. */
  interface Shown {
    path: () => string;
    ready: (page: Page) => Promise<unknown>;
  }
  const curve = (page: Page, name: string) => page.getByRole('figure', { name, exact: true }).waitFor();
  const scores = (page: Page) => page.getByRole('table', { name: 'Leaderboard' }).waitFor();
  /** What a job's page asks for one by one. */
  const sections = async (page: Page) => {
    const within = (name: string) => page.getByRole('region', { name, exact: true });
    await within('Result').waitFor();
    await within('Lineage').getByRole('link', { name: 'village', exact: true }).waitFor();
    await within('Events').getByRole('listitem').first().waitFor();
    await within('Logs').getByRole('log').locator('time').first().waitFor();
  };
  const pages = {
    jobs: { path: () => '', ready: (page) => page.getByRole('link', { name: 'village', exact: true }).waitFor() },
    'jobs-all': {
      path: () => '?all=true',
      ready: (page) => page.getByRole('link', { name: 'village-pretrain', exact: true }).waitFor(),
    },
    'job-pipeline': {
      path: () => `jobs/${pipeline}`,
      ready: (page) => page.getByRole('region', { name: 'Children' }).getByRole('row').nth(6).waitFor(),
    },
    'job-corpus': {
      path: () => `jobs/${of.corpus[0]!.id}`,
      ready: (page) => sections(page),
    },
    'job-pretrain': {
      path: () => `jobs/${of.pretrain[0]!.id}`,
      ready: async (page) => {
        await curve(page, 'Loss of D (RTD)');
        await page.getByRole('region', { name: 'Checkpoints' }).waitFor();
        await sections(page);
      },
    },
    'job-finetune': {
      path: () => `jobs/${of.finetune[0]!.id}`,
      ready: async (page) => {
        await curve(page, 'Accuracy');
        await sections(page);
      },
    },
    submit: {
      path: () => 'submit',
      ready: (page) => page.getByRole('option', { name: 'electra', exact: true }).waitFor({ state: 'attached' }),
    },
    'submit-json': {
      path: () => `submit?from=${pipeline}`,
      ready: (page) =>
        until(
          () => page.getByRole('textbox', { name: 'Spec (JSON)' }).inputValue(),
          (text) => text.includes('"pipeline"'),
        ),
    },
    'leaderboard-all': { path: () => 'leaderboard?suite=all', ready: scores },
    'leaderboard-glue': { path: () => 'leaderboard', ready: scores },
    compare: {
      path: () => `compare?jobs=${[of.finetune[0]!, of.finetune[2]!, of.pretrain[0]!].map(({ id }) => id).join()}`,
      ready: async (page) => {
        await curve(page, 'rtd_loss');
        await curve(page, 'accuracy');
      },
    },
    'compare-empty': { path: () => 'compare', ready: (page) => page.getByText('No jobs chosen').waitFor() },
    missing: {
      path: () => 'nowhere',
      ready: (page) => page.getByRole('heading', { name: 'No such page' }).waitFor(),
    },
  } satisfies Record<string, Shown>;
  const rows = (Object.keys(pages) as (keyof typeof pages)[]).flatMap((name) =>
    (Object.keys(LOOKS) as Look[]).map((look) => ({ name, look })),
  );

  it.each(rows)('the page $name in $look', async ({ name, look }) => {
    const { path, ready } = pages[name];
    const opened = await open(`${service.url}/#/${path()}`, LOOKS[look]);
    await ready(opened.page);
    await expectSound(opened);
    await picture(opened.page, name, look);
  });

  it('the leaderboard leads to the runs behind a score, and gives its files', async () => {
    const { page, errors } = await open(`${service.url}/#/leaderboard?suite=all`);
    await scores(page);
    const measured = page.getByRole('rowgroup', { name: 'Measured here' });
    expect(await measured.getByRole('rowheader', { name: /village-pretrain/ }).count()).toBe(2);
    const csv = page.waitForEvent('download');
    await page.getByRole('link', { name: 'Download CSV' }).click();
    expect((await csv).suggestedFilename()).toBe('leaderboard-all.csv');
    await measured.getByRole('link', { name: 'village: 2 runs' }).first().click();
    await page.getByRole('heading', { name: 'Compare', level: 1 }).waitFor();
    expect(await page.getByRole('list', { name: 'Compared jobs' }).getByRole('listitem').count()).toBe(2);
    expect(errors).toEqual([]);
  });

  it('a job is picked for comparison, and taken away', async () => {
    const { page, errors } = await open(`${service.url}/#/compare`);
    const form = page.getByRole('form', { name: 'Add a job' });
    const compared = page.getByRole('list', { name: 'Compared jobs' });
    for (const { id } of of.finetune.slice(0, 2)) {
      await form.getByRole('combobox', { name: 'Job to add' }).selectOption(id);
      await form.getByRole('button', { name: 'Add' }).click();
      await compared.getByRole('link', { name: (await job(service.url, id)).name, exact: true }).waitFor();
    }
    await curve(page, 'accuracy');
    await compared
      .getByRole('button', { name: /^Remove/ })
      .first()
      .click();
    await page.getByText('One job: add another').waitFor();
    expect(await compared.getByRole('listitem').count()).toBe(1);
    expect(errors).toEqual([]);
  });

  afterAll(() => void process.stderr.write(`pictures of the pages: ${pictures}\n`));
});

/** The last step of a chart, of which its name tells; -1 while there is none. */
async function lastStep(page: Page, chart: string): Promise<number> {
  const plot = page.getByRole('figure', { name: chart, exact: true }).getByRole('img');
  const name = (await plot.count()) > 0 ? await plot.getAttribute('aria-label') : null;
  return Number(/ to (\d+)$/.exec(name ?? '')?.[1] ?? -1);
}

const legend = (page: Page, chart: string) =>
  page.getByRole('figure', { name: chart, exact: true }).getByRole('list').innerText();

/** 0 to 1; 0 before the first report. */
async function done(page: Page): Promise<number> {
  const bar = page.getByRole('progressbar');
  return (await bar.count()) > 0 ? Number(await bar.getAttribute('value')) : 0;
}
