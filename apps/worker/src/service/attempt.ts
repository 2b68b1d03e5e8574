import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import {
  AttemptOrder,
  AttemptTwin,
  OrestesError,
  storable,
  type AttemptEnd,
  type AttemptIdentity,
} from '@orestes/contracts';
import { openStore } from '@orestes/storage';
import { z } from 'zod';
import { runJob } from '../job.js';
import { AttemptApi } from './api.js';
import type { WorkerConfig } from './config.js';
import { Reporter } from './reporter.js';

/** What the process ends with. `interrupted`: it saved and can go on elsewhere (EX_TEMPFAIL of sysexits.h). */
export const EXIT = { done: 0, failed: 1, usage: 2, superseded: 3, interrupted: 75 } as const;

const EXITS = {
  succeeded: EXIT.done,
  interrupted: EXIT.interrupted,
  failed: EXIT.failed,
  diverged: EXIT.failed,
} as const;

const Taken = z.object({});

/** Runs one attempt at a job of the service: asks what to do, does it, reports, and tells how it ended. */
export async function runAttempt(config: WorkerConfig, stop: AbortController): Promise<number> {
  const api = new AttemptApi(config);
  const order = await api.post('start', { process: randomUUID(), host: hostname(), pid: process.pid }, AttemptOrder);
  // Refused or asked to stop, the job saves what it has: whoever goes on finds it.
  const reporter = new Reporter(api, () => stop.abort());
  reporter.start();
  const end = await outcomeOf(order, api, reporter, stop.signal);
  if (end.outcome === 'failed' || end.outcome === 'diverged') reporter.log(`${end.code}: ${end.message}`);
  await reporter.finish();
  await api.post('end', end, Taken);
  return EXITS[end.outcome];
}

async function outcomeOf(
  { spec, reuse }: AttemptOrder,
  api: AttemptApi,
  reporter: Reporter,
  signal: AbortSignal,
): Promise<AttemptEnd> {
  let reusedFrom: string | null = null;
  const known = async (identity: AttemptIdentity): Promise<unknown> => {
    const { twin } = await api.post('identity', identity, AttemptTwin);
    const result = twin && reuse ? await resultAt(twin.output) : null;
    if (result) {
      reusedFrom = twin!.job;
      reporter.log(`job ${reusedFrom} has the same recipe hash: its result stands for this one's`);
    }
    return result;
  };
  try {
    const result = (await runJob(spec, { report: reporter.report, signal, known })) as Record<string, unknown>;
    return { outcome: 'succeeded', result, reusedFrom };
  } catch (error) {
    return failure(error);
  }
}

/** The result that lies there; null where it was removed. */
async function resultAt(output: string): Promise<unknown> {
  const store = openStore(output);
  if (!(await store.head('result.json'))) return null;
  return JSON.parse(new TextDecoder().decode(await store.get('result.json'))) as unknown;
}

const LONGEST_TEXT = 10_000;
const OUTCOMES: Record<string, 'interrupted' | 'diverged'> = { INTERRUPTED: 'interrupted', DIVERGED: 'diverged' };

function failure(error: unknown): AttemptEnd {
  if (error instanceof OrestesError)
    return {
      outcome: OUTCOMES[error.code] ?? 'failed',
      code: error.code,
      message: storable(error.message, LONGEST_TEXT),
    };
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return {
    outcome: 'failed',
    code: 'INTERNAL',
    message: storable(`internal error, please report it: ${text}`, LONGEST_TEXT),
  };
}
