import { randomUUID } from 'node:crypto';
import { chmodSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createDataSource, EmbeddedPostgres, removeData, type DataSource } from '@orestes/database';
import { startMlflow, type MlflowSetting } from '../peers/mlflow.js';
import { benchOptions, numberOption } from '../support/options.js';
import { startTestService } from '../support/service.js';
import { Client } from './api/client.js';
import { Faults } from './api/faults.js';
import { listRate, measureLists } from './api/lists.js';
import { closedLoop, openLoop, quantile } from './api/loops.js';
import { figuresOf, printSides } from './api/ratios.js';
import { compareSides } from './api/rounds.js';
import { count, fillTo } from './api/rows.js';
import { mlflowSide, orestesSide, type Side } from './api/sides.js';
import { evaluation, pretraining } from './api/specs.js';
import { meter, round, type PhaseUsage } from './api/usage.js';

/**
 * The service as a user starts it, on a PostgreSQL with the settings that it ships: submissions at a fixed rate, lists of 10,000
 * and of 100,000 jobs, then jobs and metrics as fast as they are taken, in turns with MLflow's tracking server on the same
 * PostgreSQL. The last line is one JSON object of all figures. It fails for wrong answers, never for slow ones.
 */
const QUEUED = 10_000;

const values = benchOptions({
  seconds: { type: 'string', default: '60' },
  rate: { type: 'string', default: '100' },
  rows: { type: 'string', default: '100000' },
  passes: { type: 'string', default: '15' },
  rounds: { type: 'string', default: '5' },
  connections: { type: 'string', default: '16' },
  quick: { type: 'boolean', default: false },
  'no-mlflow': { type: 'boolean', default: false },
});
const number = (name: 'seconds' | 'rate' | 'rows' | 'passes' | 'rounds' | 'connections') =>
  numberOption(name, values[name], 1);
const { quick } = values;
const setting = {
  seconds: quick ? 5 : number('seconds'),
  rate: number('rate'),
  queued: quick ? 1000 : QUEUED,
  rows: quick ? 5000 : number('rows'),
  passes: quick ? 2 : number('passes'),
  rounds: quick ? 1 : number('rounds'),
  roundSeconds: quick ? 1 : 4,
  connections: number('connections'),
};

/** MLflow as it starts by itself, and the fastest of the settings tried on two cores (docs/benchmarks.md). */
const MLFLOW: Record<string, MlflowSetting> = {
  mlflow: { options: [], environment: {} },
  mlflowTuned: {
    options: ['--workers', '2', '--gunicorn-opts', '--log-level error'], // synchronous workers
    environment: { MLFLOW_SERVER_ENABLE_JOB_EXECUTION: 'false', MLFLOW_SQLALCHEMYSTORE_POOL_SIZE: '16' },
  },
};

const faults = new Faults();
/** MLflow's own: they count against its rate, and say nothing of this service. */
const mlflowFaults = new Faults();
const usage: Record<string, PhaseUsage> = {};
const cleanups: (() => Promise<void>)[] = [];

/** Ends what was started, the last first. */
async function cleanUp(): Promise<void> {
  for (let cleanup = cleanups.pop(); cleanup; cleanup = cleanups.pop()) await cleanup();
}

/** Runs a phase, and notes what the processes used in it. */
async function phase<T>(name: string, processes: Record<string, number>, act: () => Promise<T>): Promise<T> {
  const stop = meter(processes);
  const result = await act();
  const used = (usage[name] = stop());
  const each = Object.entries(used.processes).map(
    ([who, { cpuSeconds, residentMiB, peakMiB }]) => `${who} ${cpuSeconds} s, ${residentMiB} MiB (peak ${peakMiB})`,
  );
  const others = `other processes ${used.otherCores} cores, load ${used.loadAverage}`;
  console.log(`  ${name}: ${used.seconds} s; ${each.join('; ')}; ${others}`);
  return result;
}

async function startPostgres(): Promise<EmbeddedPostgres> {
  const folder = mkdtempSync(path.join(tmpdir(), 'orestes-bench-api-'));
  chmodSync(folder, 0o755); // for the account that serves where root measures
  const server = await EmbeddedPostgres.start({ folder });
  cleanups.push(async () => {
    await server.stop();
    await removeData(folder);
  });
  return server;
}

async function connect(url: string): Promise<DataSource> {
  const database = await createDataSource({ url, connections: 2 }).initialize();
  cleanups.push(() => database.destroy());
  return database;
}

/** A database of its own beside the service's. */
async function newDatabase(server: EmbeddedPostgres, admin: DataSource, name: string): Promise<string> {
  await admin.query(`CREATE DATABASE ${name}`);
  const url = new URL(server.url);
  url.pathname = `/${name}`;
  return url.href;
}

async function startOrestes(databaseUrl: string) {
  const service = await startTestService({
    environment: {
      DATABASE_URL: databaseUrl,
      ORESTES_SLOTS: '0', // nothing runs
      ORESTES_RATE_LIMIT: '1000000000',
      ORESTES_HEARTBEAT_SECONDS: '86400', // attempts are silent while others have their turn
    },
  });
  cleanups.push(() => service.stop());
  return service;
}

/** Every answer must be 202, and every job be there once. What got no answer is sent again with its key, as clients do. */
async function submissions(client: Client, database: DataSource) {
  const { rate, seconds } = setting;
  let resent = 0;
  const submit = async (i: number) => {
    const headers = { 'idempotency-key': randomUUID() };
    const send = () => client.post('/jobs', pretraining(i), headers);
    let answer = await send();
    if (answer.status === 0) {
      resent++;
      answer = await send();
    }
    if (answer.status !== 202) faults.add(`POST /jobs: ${answer.status} ${answer.body.slice(0, 300)}`);
  };
  await closedLoop(1, quick ? 0.5 : 3, () => submit(0).then(() => true)); // compiled once, as any service is that has run for a while
  const before = await count(database, 'job');
  return async () => {
    const times = await openLoop(rate, seconds, submit);
    faults.equal('jobs submitted', (await count(database, 'job')) - before, times.length);
    const figures = {
      submitP50Ms: round(quantile(times, 0.5), 1),
      submitP99Ms: round(quantile(times, 0.99), 1),
      submitMostMs: round(Math.max(...times), 1),
      submissions: times.length,
      resent,
    };
    console.log(`${times.length} submissions, ${rate}/s: p50 ${figures.submitP50Ms} ms, p99 ${figures.submitP99Ms} ms`);
    return figures;
  };
}

async function fillQueue(client: Client, database: DataSource): Promise<void> {
  const missing = setting.queued - (await count(database, 'job'));
  let next = 0;
  const one = async () => {
    for (let i = next++; i < missing; i = next++) {
      const { status, body } = await client.post('/jobs', i % 10 ? pretraining(i) : evaluation(i));
      if (status !== 202) faults.add(`POST /jobs: ${status} ${body.slice(0, 300)}`);
    }
  };
  await Promise.all(Array.from({ length: setting.connections }, one));
}

async function lists(client: Client, database: DataSource) {
  const rows = await count(database, 'job');
  const figures = await measureLists(database, client, faults, setting.passes);
  const pagesPerSecond = await listRate(client, faults, 8, quick ? 1 : 4);
  const slowest = Object.entries(figures.slowest).map(([filter, ms]) => `${filter} ${ms} ms`);
  console.log(`${figures.requests} pages of ${rows} jobs: p50 ${figures.p50Ms} ms, p99 ${figures.p99Ms} ms`);
  console.log(`  highest p99: ${slowest.join(', ')}; first pages by 8 readers: ${pagesPerSecond}/s`);
  return { rows, ...figures, pagesPerSecond };
}

async function compare(service: { url: string; pid: number }, server: EmbeddedPostgres, database: DataSource) {
  const { connections, rounds, roundSeconds: seconds } = setting;
  const sides: Side[] = [await orestesSide({ ...service, database, connections, faults })];
  for (const [name, mlflowSetting] of values['no-mlflow'] ? [] : Object.entries(MLFLOW)) {
    const url = await newDatabase(server, database, name.toLowerCase());
    const mlflow = await startMlflow(url, mlflowSetting);
    cleanups.push(() => mlflow.stop());
    sides.push(await mlflowSide({ ...mlflow, database: await connect(url), connections, faults: mlflowFaults }, name));
  }
  const processes = Object.fromEntries(sides.map(({ name, pid }) => [name, pid]));
  const figures = await phase('rounds', { ...processes, postgres: server.pid }, () =>
    compareSides(sides, server.pid, { rounds, seconds, connections }),
  );
  for (const side of sides) {
    await side.check();
    side.close();
  }
  return figures;
}

async function measure(): Promise<object> {
  const server = await startPostgres();
  const service = await startOrestes(server.url);
  const database = await connect(server.url);
  const client = new Client(service.url);
  const pids = { api: service.process.pid!, postgres: server.pid };

  const submit = await phase('start', pids, () => submissions(client, database));
  const submitted = await phase('submit', pids, submit);
  await phase('fill', pids, () => fillQueue(client, database));
  const few = await phase('lists', pids, () => lists(client, database));
  await fillTo(database, setting.rows); // by SQL, and ANALYZE: what autovacuum does within a minute
  const many = await phase('listsFull', pids, () => lists(client, database));
  client.close();

  const sides = await compare({ url: service.url, pid: pids.api }, server, database);
  printSides(sides);
  return {
    ...submitted,
    listP50Ms: many.p50Ms,
    listP99Ms: many.p99Ms,
    ...figuresOf(sides),
    lists: { queued: few, full: many },
    usage,
    setting,
    mlflowFaults: mlflowFaults.count,
    faults: faults.count,
  };
}

async function main(): Promise<void> {
  const interrupted = () => void cleanUp().finally(() => process.exit(1));
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, interrupted);
  let figures: object;
  try {
    figures = await measure();
  } finally {
    await cleanUp();
  }
  if (faults.count > 0) {
    process.stderr.write(`${faults.count} answers were not what they should be\n`);
    process.exitCode = 1;
  }
  process.stdout.write(`${JSON.stringify(figures)}\n`);
}

void main();
