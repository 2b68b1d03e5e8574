import { afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { JobDocument } from '@orestes/contracts';
import { uniform } from '../support/random.js';
import { ask, examplePipeline, startTestService, type RunningService } from '../support/service.js';
import { childrenOf, ended, jobAt } from '../support/wait.js';
import { workersOf } from '../support/workers.js';
import { outcomesOf, type Outcome } from './outcome.js';

const KILLS = 20;
const SLOWEST_MS = 900_000;
const SPEC = examplePipeline({ steps: 1500, seeds: [1, 2], weights: ['pretrained', 'random'], retries: 100 });
const environment = { ORESTES_BACKOFF_SECONDS: '0.001', ORESTES_SLOTS: '2' };

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

afterEach(() => service.stop());

/**
 * Kills until there were enough, at random moments; a pipeline that ends before is followed by another one of a new seed's
 * pretraining, which is watched just to its end. The first one is compared.
 */
async function disturb(kill: (random: () => number) => Promise<boolean>): Promise<{ first: string; injected: number }> {
  const random = uniform(7350);
  const first = await submit(SPEC);
  let current = first;
  let injected = 0;
  while (injected < KILLS) {
    await sleep(300 + 2500 * random());
    if (await kill(random)) injected++;
    const job = await jobAt(service.url, current).catch(() => null);
    if (job?.finishedAt) current = await submit({ ...SPEC, name: `more-${injected}`, seed: 1 + injected });
  }
  expect((await ended(() => service.url, first)).state).toBe('succeeded');
  expect((await ended(() => service.url, current)).state).toBe('succeeded');
  return { first, injected };
}

async function assertAsUndisturbed(what: string, injected: number, pipeline: string): Promise<void> {
  const outcomes = await outcomesOf(service.url, pipeline);
  const lost = undisturbed.reduce(
    (sum, { metrics }, i) => sum + metrics.filter((m) => !outcomes[i]!.metrics.includes(m)).length,
    0,
  );
  process.stderr.write(
    `${what}: injected ${injected}, lost ${lost} of ${undisturbed.reduce((n, o) => n + o.metrics.length, 0)} metrics\n`,
  );
  expect(outcomes).toEqual(undisturbed);
  expect(outcomes.map(({ terminalEvents }) => terminalEvents)).toEqual(outcomes.map(() => 1));
}

describe('a pipeline ends as the undisturbed one does, bit by bit', () => {
  it(
    'though the service is killed at random moments',
    async () => {
      service = await startTestService({ environment });
      const { first, injected } = await disturb(async (random) => {
        await service.killAndRestart(1500 * random());
        return true;
      });
      await assertAsUndisturbed('service SIGKILLed', injected, first);
      const children = await childrenOf(service.url, first);
      // The service's death costs no worker anything: none is charged.
      expect(children.map(({ failures }) => failures)).toEqual(children.map(() => 0));
    },
    SLOWEST_MS,
  );

  it(
    'though workers are killed at random moments',
    async () => {
      service = await startTestService({ environment });
      const { first, injected } = await disturb(async (random) => {
        const pids = workersOf(service.url);
        const pid = pids[Math.floor(random() * pids.length)];
        if (pid === undefined) return Promise.resolve(false);
        process.kill(pid, 'SIGKILL');
        return Promise.resolve(true);
      });
      await assertAsUndisturbed('worker SIGKILLed', injected, first);
    },
    SLOWEST_MS,
  );

  it(
    'though PostgreSQL is killed',
    async () => {
      service = await startTestService({ environment });
      const first = await submit(SPEC);
      let injected = 0;
      for (; injected < 5; injected++) {
        await sleep(2000);
        process.kill(Number.parseInt(readFileSync(postmasterFile(), 'utf8'), 10), 'SIGKILL');
      }
      expect((await ended(() => service.url, first)).state).toBe('succeeded');
      await assertAsUndisturbed('PostgreSQL SIGKILLed', injected, first);
    },
    SLOWEST_MS,
  );
});

const postmasterFile = () => join(service.data, 'database', 'data', 'postmaster.pid');
