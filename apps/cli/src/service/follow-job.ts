import { setTimeout as sleep } from 'node:timers/promises';
import { duration, short, type JobDocument, type JobList, type JobProgress } from '@orestes/contracts';
import { isTerminal } from '@orestes/jobs';
import type { Progress } from '../progress.js';
import { isPassing, type ServiceClient } from './client.js';

const EVERY_MS = 700;

/**
 * Watches a job to its end: changes of state as lines, its progress as a line that moves. A service that is away meanwhile is
 * waited for.
 * @returns the job as it ended
 */
export async function followJob(
  client: ServiceClient,
  id: string,
  { progress, signal }: { progress: Progress | null; signal: AbortSignal },
): Promise<JobDocument> {
  const told = new Map<string, string>();
  for (;;) {
    signal.throwIfAborted();
    const job = await client.ask<JobDocument>(`/jobs/${id}`).catch(onlyAway);
    if (job) {
      if (progress) await show(client, job, told, progress);
      if (isTerminal(job.state)) return job;
    }
    await sleep(EVERY_MS, undefined, { signal }).catch(() => undefined);
  }
}

function onlyAway(error: unknown): null {
  if (isPassing(error)) return null;
  throw error;
}

async function show(
  client: ServiceClient,
  job: JobDocument,
  told: Map<string, string>,
  progress: Progress,
): Promise<void> {
  for (const { id, name, state } of [...job.children, job]) {
    if (told.get(id) === state || (state === 'queued' && id !== job.id && !told.has(id))) continue;
    told.set(id, state);
    const toldByCaller = id === job.id && isTerminal(state);
    if (!toldByCaller && (!PASSING.includes(state) || id === job.id)) progress.line(`${name}: ${state}`);
  }
  if (job.children.length === 0) {
    if (job.progress) move(progress, '', job.progress);
    else if (!isTerminal(job.state)) progress.move(job.why, 0);
    return;
  }
  const ended = job.children.filter(({ state }) => isTerminal(state)).length;
  const query = { parent: job.id, state: 'running', limit: '1' };
  const { items } = await client.ask<JobList>('/jobs', { query });
  const running = items[0];
  if (running?.progress) move(progress, `${ended}/${job.children.length} jobs  ${running.name}  `, running.progress);
}

/** States that last a moment. */
const PASSING: readonly string[] = ['admitted', 'starting'];

function move(
  progress: Progress,
  before: string,
  { done, total, unit, tokensPerSecond, etaSeconds }: JobProgress,
): void {
  const speed = tokensPerSecond === null ? '' : `  ${short(tokensPerSecond)} tok/s`;
  const eta = etaSeconds === null ? '' : `  ETA ${duration(etaSeconds)}`;
  progress.move(`${before}${short(done)}/${short(total)} ${unit}${speed}${eta}`, total === 0 ? 0 : done / total);
}
