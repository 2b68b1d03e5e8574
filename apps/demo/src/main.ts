import { existsSync } from 'node:fs';
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import {
  JobSpec,
  OrestesError,
  parseDocument,
  UserError,
  type FinetuneResult,
  type PretrainResult,
} from '@orestes/contracts';
import { EXIT, print, Progress, reportFailure, stopOnSignal, table } from '@orestes/cli';
import { summarize } from '@orestes/trainer';
import { runJob } from '@orestes/worker';
import { addresses, sentiment } from './texts.js';
import { plotCurves, readMetrics } from './learned.js';
import { corpusSpec, finetuneSpec, pretrainSpec, SEEDS, WEIGHTS } from './specs.js';

/** Text -> corpus -> pretraining -> fine-tuning from pretrained and from random weights -> a table of scores. */
async function demo(folder: string, signal: AbortSignal): Promise<void> {
  const started = performance.now();
  const text = await addresses();
  const sentences = await sentiment(join(folder, 'sentences'));
  print(
    `Text: ${text.length} State of the Union addresses. Task: ${sentences.counts.join(' + ')} labelled review sentences.`,
  );

  await job(folder, corpusSpec(folder, text), signal);
  const pretrained = (await job(folder, pretrainSpec(folder), signal)) as PretrainResult;
  const results: FinetuneResult[] = [];
  for (const weights of WEIGHTS)
    for (const seed of SEEDS)
      results.push((await job(folder, finetuneSpec(folder, sentences, weights, seed), signal)) as FinetuneResult);

  const plot = join(folder, 'curves.svg');
  await writeFile(plot, await plotCurves(await readMetrics(join(folder, 'pretrain'))));
  print(`\nWhat pretraining learned, on held-out text\n${learned(pretrained)}`);
  print(`\nSentiment of review sentences, ${SEEDS.length} seeds each\n${scores(results)}`);
  print(
    'Minutes on a CPU show that the machinery works, not that pretraining pays: that takes a GPU, hours and gigabytes of text.',
  );
  print(`\nCurves: ${plot}\nSpecs:  ${join(folder, 'specs')} (each runs alone: npx orestes run FILE)`);
  print(`Took ${Math.round((performance.now() - started) / 1000)} s.`);
}

/** Runs one job, and keeps its spec beside its output. */
async function job(folder: string, input: { name?: unknown; output: string }, signal: AbortSignal): Promise<unknown> {
  const spec = parseDocument(JobSpec, input, 'spec');
  await mkdir(join(folder, 'specs'), { recursive: true });
  await writeFile(join(folder, 'specs', `${spec.name}.json`), `${JSON.stringify(input, null, 2)}\n`);
  print(`\n== ${spec.name}`);
  const progress = new Progress(process.stderr);
  try {
    return await runJob(spec, { report: progress.report, signal });
  } finally {
    progress.end();
  }
}

const MEASURES = [
  ['mlm_loss', 'MLM loss (nats)'],
  ['mlm_accuracy', 'MLM accuracy'],
  ['rtd_auroc', 'RTD AUROC'],
  ['rtd_f1', 'RTD F1'],
] as const;

const learned = ({ first, last }: PretrainResult): string =>
  table(
    ['measure', 'first', 'last'],
    MEASURES.map(([key, name]) => [name, figure(first[key]), figure(last[key])]),
  );

const figure = (value: number | undefined) => (value === undefined ? '-' : value.toFixed(3));

const scores = (results: FinetuneResult[]): string =>
  table(
    ['weights', 'measure', 'mean', 'std', 'median', 'best', 'runs'],
    summarize(results).flatMap(({ weights, tasks }) =>
      tasks.map((t) => [
        weights,
        t.metric,
        figure(t.mean),
        figure(t.std ?? undefined),
        figure(t.median),
        figure(t.best),
        t.n,
      ]),
    ),
  );

const STARTED = '.orestes-demo';

/** A finished demo starts anew; an interrupted one goes on. Nobody else's folder is touched. */
async function prepare(folder: string): Promise<void> {
  const there = existsSync(folder) ? await readdir(folder) : [];
  if (there.length > 0 && !there.includes(STARTED))
    throw new UserError(
      'USAGE',
      `--output: ${folder} holds something else (allowed: a new or empty folder, or an earlier demo's)`,
    );
  if (there.includes('done')) await rm(folder, { recursive: true, force: true });
  else if (there.length > 0) print(`Going on with the demo that was interrupted (${folder}).`);
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, STARTED), '');
}

function outputFolder(): string {
  try {
    return parseArgs({ options: { output: { type: 'string', default: 'runs/demo' } } }).values.output;
  } catch (e) {
    throw new UserError('USAGE', `demo: ${(e as Error).message} (allowed: --output FOLDER)`, { cause: e });
  }
}

/** A folder of another user, or a full disk. */
function unwritable(e: unknown, folder: string): unknown {
  if (!(e instanceof Error && 'code' in e) || e instanceof OrestesError) return e;
  return new OrestesError('STORE_DENIED', `--output: ${folder} cannot be used: ${e.message}`, 1, { cause: e });
}

async function main(): Promise<number> {
  const stop = stopOnSignal(() => undefined);
  try {
    const folder = outputFolder();
    await prepare(folder).catch((e: unknown) => {
      throw unwritable(e, folder);
    });
    await demo(folder, stop.signal);
    await writeFile(join(folder, 'done'), '');
    return EXIT.done;
  } catch (e) {
    const interrupted = e instanceof OrestesError && e.code === 'INTERRUPTED';
    const code = reportFailure(e, false);
    if (interrupted) process.stderr.write('to go on from there: npm run demo\n');
    return code;
  } finally {
    stop.release();
  }
}

process.exitCode = await main();
