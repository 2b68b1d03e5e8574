import { afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { JobDocument } from '@orestes/contracts';
import { identityOf } from '@orestes/database';
import { uniform } from '../support/random.js';
import { ask, examplePipeline, startTestService, type RunningService } from '../support/service.js';
import { childrenOf, ended, jobAt, until } from '../support/wait.js';
import { workersOf } from '../support/workers.js';
import { outcomesOf, type Outcome } from './outcome.js';

const KILLS = 20;
const SLOWEST_MS = 900_000;
/** Longer than this between two kills, and something will not come back. */
const GET_OVER_MS = 120_000;
/** Computed each time: a result that is taken over could not be disturbed. */
const SPEC = {
  ...examplePipeline({ steps: 1500, seeds: [1, 2], weights: ['pretrained', 'random'], retries: 100 }),
  reuse: false,
};
const environment = { ORESTES_BACKOFF_SECONDS: '0', ORESTES_SLOTS: '2' };

let service: RunningService;
let undisturbed: Outcome[];

async function submit(spec: unknown): Promise<string> {
  const { status, body } = await ask(`${service.url}/jobs`, { body: spec });
  expect(status).toBe(202);
  return (body as JobDocument).id;
}

beforeAll(async () => {
  service = await startTestService({ environment });
  const id = await submit(SPEC);
  expect((await ended(() => service.url, id)).state).toBe('succeeded');
  undisturbed = await outcomesOf(service.url, id);
  await service.stop();
}, SLOWEST_MS);

afterEach(() => service.stop(), SLOWEST_MS);

/**
 * Kills until there were enough, at random moments. A pipeline that ends before is followed by another one.
 * @returns the pipelines, all ended
 */
async function disturb(kill: (random: () => number) => Promise<boolean>): Promise<string[]> {
  const random = uniform(7350);
  const pipelines = [await submit(SPEC)];
  for (let injected = 0, last = Date.now(); injected < KILLS;) {
    await sleep(300 + 2500 * random());
    if (await kill(random)) [injected, last] = [injected + 1, Date.now()];
    if (Date.now() - last > GET_OVER_MS) throw new Error(`nothing to kill for ${GET_OVER_MS / 1000} s`);
    const job = await jobAt(service.url, pipelines.at(-1)!).catch(() => null);
    if (job?.finishedAt && injected < KILLS) pipelines.push(await submit(SPEC));
  }
  for (const id of pipelines) expect((await ended(() => service.url, id)).state).toBe('succeeded');
  return pipelines;
}

async function assertAsUndisturbed(what: string, injected: number, pipelines: readonly string[]): Promise<void> {
  let lost = 0;
  for (const pipeline of pipelines) {
    const outcomes = await outcomesOf(service.url, pipeline);
    undisturbed.forEach(({ metrics }, i) => (lost += metrics.filter((m) => !outcomes[i]!.metrics.includes(m)).length));
    expect(outcomes).toEqual(undisturbed);
    expect(outcomes.map(({ terminalEvents }) => terminalEvents)).toEqual(outcomes.map(() => 1));
  }
  const all = pipelines.length * undisturbed.reduce((sum, { metrics }) => sum + metrics.length, 0);
  process.stderr.write(
    `${what}: injected ${injected}, lost ${lost} of ${all} metrics in ${pipelines.length} pipelines\n`,
  );
}

describe('a pipeline ends as the undisturbed one does, bit by bit', () => {
  it(
    'though the service is killed at random moments',
    async () => {
      service = await startTestService({ environment });
      const pipelines = await disturb(async (random) => {
        await service.killAndRestart(1500 * random());
        return true;
      });
      await assertAsUndisturbed('service SIGKILLed', KILLS, pipelines);
      const children = (await Promise.all(pipelines.map((id) => childrenOf(service.url, id)))).flat();
      // The service's death costs no worker anything: none is charged.
      expect(children.map(({ failures }) => failures)).toEqual(children.map(() => 0));
    },
    SLOWEST_MS,
  );

  it(
    'though workers are killed at random moments',
    async () => {
      service = await startTestService({ environment });
      const pipelines = await disturb(async (random) => {
        const pids = workersOf(service.url);
        const pid = pids[Math.floor(random() * pids.length)];
        if (pid === undefined) return Promise.resolve(false);
        process.kill(pid, 'SIGKILL');
        return Promise.resolve(true);
      });
      await assertAsUndisturbed('worker SIGKILLed', KILLS, pipelines);
    },
    SLOWEST_MS,
  );

  it(
    'though PostgreSQL is killed',
    async () => {
      service = await startTestService({ environment });
      const pipelines = await disturb(() => {
        const pid = postmaster();
        if (pid === null) return Promise.resolve(false); // the last kill is not got over yet
        process.kill(pid, 'SIGKILL');
        return Promise.resolve(true);
      });
      await assertAsUndisturbed('PostgreSQL SIGKILLed', KILLS, pipelines);
    },
    SLOWEST_MS,
  );

  it(
    'though the service is away for longer than a worker runs',
    async () => {
      service = await startTestService({ environment });
      const pipeline = await submit(SPEC);
      const running = async () => (await childrenOf(service.url, pipeline)).find(({ kind }) => kind === 'pretrain')!;
      await until(running, ({ progress }) => (progress?.done ?? 0) > 100, 50);
      const AWAY_MS = 60_000;
      await service.killAndRestart(AWAY_MS);
      expect((await ended(() => service.url, pipeline)).state).toBe('succeeded');
      expect(await running()).toMatchObject({ failures: 0, attempts: [{ epoch: 1, outcome: 'succeeded' }] });
      await assertAsUndisturbed(`service away for ${AWAY_MS / 1000} s`, 1, [pipeline]);
    },
    SLOWEST_MS,
  );
});

/** The process of the service's PostgreSQL; null while it is being started. */
function postmaster(): number | null {
  const file = join(service.data, 'database', 'data', 'postmaster.pid');
  const pid = existsSync(file) ? Number.parseInt(readFileSync(file, 'utf8'), 10) : NaN;
  return identityOf(pid) === null ? null : pid;
}
