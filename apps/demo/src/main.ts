import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { serviceConfig, startService } from '@orestes/api';
import {
  assertSucceeded,
  EXIT,
  followJob,
  pages,
  print,
  Progress,
  reportFailure,
  ServiceClient,
  table,
} from '@orestes/cli';
import {
  documentHash,
  OrestesError,
  parseDocument,
  PretrainResult,
  UserError,
  type JobDocument,
  type JobMetric,
} from '@orestes/contracts';
import { finish, prepare, unwritable } from './folder.js';
import { plotCurves } from './learned.js';
import { demoPipeline, SEEDS } from './specs.js';
import { addresses, sentiment } from './texts.js';

interface Options {
  output: string;
  /** Leaves the service up. */
  keep: boolean;
}

/** Starts the service, submits corpus -> pretraining -> fine-tuning as one pipeline by HTTP, follows it, prints the leaderboard. */
async function demo({ output, keep }: Options, stop: AbortSignal): Promise<void> {
  const started = performance.now();
  const text = await addresses();
  const sentences = await sentiment(join(output, 'sentences'));
  print(
    `Text: ${text.length} State of the Union addresses. Task: ${sentences.counts.join(' + ')} labelled review sentences.`,
  );
  const service = await startService({
    ...serviceConfig({
      data: output,
      outputs: join(output, 'jobs'),
      host: '127.0.0.1',
      port: 0,
      slots: 2,
      keys: false,
    }),
    databaseUrl: null,
  });
  try {
    const client = new ServiceClient(service.url);
    print(`The service answers at ${service.url} while this runs.\n`);
    const pipeline = demoPipeline(text, sentences);
    const spec = join(output, 'pipeline.json');
    await writeFile(spec, `${JSON.stringify(pipeline, null, 2)}\n`);
    const job = await run(client, pipeline, stop);
    await show(client, job, output);
    print(`Spec: ${spec} (npx orestes submit FILE)\nTook ${Math.round((performance.now() - started) / 1000)} s.`);
    await finish(output);
    if (!keep) return;
    print(`\nThe pages: ${service.url} (Ctrl-C ends the service)`);
    if (!stop.aborted) await once(stop, 'abort');
  } finally {
    await service.stop();
  }
}

/** The same key after an interruption means the same job: it goes on. One that has failed is done again. */
async function run(client: ServiceClient, pipeline: object, signal: AbortSignal): Promise<JobDocument> {
  const idempotencyKey = documentHash(pipeline);
  let submitted = await client.ask<JobDocument>('/jobs', { method: 'POST', body: pipeline, idempotencyKey });
  while (submitted.actions.includes('retry'))
    submitted = await client.ask<JobDocument>(`/jobs/${submitted.id}/retry`, { method: 'POST' });
  const { id } = submitted;
  const progress = new Progress(process.stderr);
  try {
    const job = await followJob(client, id, { progress, signal });
    assertSucceeded(job);
    return job;
  } finally {
    progress.end();
  }
}

async function show(client: ServiceClient, { children }: JobDocument, output: string): Promise<void> {
  const { id } = children.find(({ kind }) => kind === 'pretrain')!;
  const { result } = await client.ask<JobDocument>(`/jobs/${id}`);
  const metrics: JobMetric[] = [];
  for await (const metric of pages<JobMetric>(client, `/jobs/${id}/metrics`)) metrics.push(metric);
  const plot = join(output, 'curves.svg');
  await writeFile(plot, await plotCurves(metrics));
  print(`\nWhat pretraining learned, on held-out text\n${learned(parseDocument(PretrainResult, result, 'result'))}`);
  print(`\nThe leaderboard: sentiment of review sentences, ${SEEDS.length} seeds each\n`);
  print(await client.text('/leaderboard', { query: { suite: 'all', format: 'markdown' } }));
  print(
    'Minutes on a CPU show that the machinery works, not that pretraining pays: that takes a GPU, hours and gigabytes of text.',
  );
  print(`\nCurves: ${plot}`);
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

function options(): Options {
  try {
    const { output, keep } = parseArgs({
      options: { output: { type: 'string', default: 'runs/demo' }, keep: { type: 'boolean', default: false } },
    }).values;
    return { output, keep };
  } catch (e) {
    throw new UserError('USAGE', `demo: ${(e as Error).message} (allowed: --output FOLDER, --keep)`, { cause: e });
  }
}

/** The first Ctrl-C lets the jobs save; the second one ends the process. */
function stopOnSignal(): AbortSignal {
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.on(signal, () => {
      if (stop.signal.aborted) process.exit(EXIT.interrupted);
      process.stderr.write('\nstopping: running jobs save where they are (again: at once) ...\n');
      stop.abort(new OrestesError('INTERRUPTED', 'to go on from there: npm run demo'));
    });
  return stop.signal;
}

async function main(): Promise<number> {
  try {
    const stop = stopOnSignal();
    const chosen = options();
    await prepare(chosen.output).catch((e: unknown) => {
      throw unwritable(e, chosen.output);
    });
    await demo(chosen, stop);
    return EXIT.done;
  } catch (e) {
    return reportFailure(e, false);
  }
}

process.exitCode = await main();
