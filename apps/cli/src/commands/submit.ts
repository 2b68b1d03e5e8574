import { isAbsolute, resolve } from 'node:path';
import {
  bytes,
  duration,
  mapAddresses,
  OrestesError,
  short,
  SubmittedSpec,
  type JobDocument,
  type PlanDocument,
} from '@orestes/contracts';
import { print, printJson } from '../output.js';
import { Progress } from '../progress.js';
import { newKey, ServiceClient, type ServerOptions } from '../service/client.js';
import { assertSucceeded } from '../service/outcome.js';
import { followJob } from '../service/follow-job.js';
import { readSpecAs } from '../spec-file.js';

export interface SubmitOptions extends ServerOptions {
  json: boolean;
  set: string[];
  follow: boolean;
  wait: boolean;
  dryRun: boolean;
  idempotencyKey?: string;
}

/**
 * Submits a job. The same Idempotency-Key is used for every try, so a lost answer submits nothing twice.
 * @throws UserError about the spec; OrestesError JOB_FAILED, JOB_DIVERGED, JOB_CANCELLED with --follow or --wait
 */
export async function submit(file: string, options: SubmitOptions): Promise<void> {
  const client = new ServiceClient(options.server);
  const spec = await readSpecAs(SubmittedSpec, file, options.set);
  // Here and there paths are the same; the service's own folder is another.
  const body = client.isLocal ? mapAddresses(spec, absolute) : spec;
  if (options.dryRun) {
    const plan = await client.ask<PlanDocument>('/jobs', { method: 'POST', query: { dryRun: 'true' }, body });
    return options.json ? printJson(plan) : print(planText(plan));
  }
  const idempotencyKey = options.idempotencyKey ?? newKey();
  const job = await client.ask<JobDocument>('/jobs', { method: 'POST', body, idempotencyKey });
  if (!options.follow && !options.wait) {
    if (options.json) return printJson(job);
    return print(`${job.id}\n${job.name}: ${job.state}. ${job.why}`);
  }
  if (!options.json) print(job.id);
  await watch(client, job.id, options);
}

/** Watches a job that there is, to its end; its outcome is the command's. */
export async function watch(
  client: ServiceClient,
  id: string,
  { follow, json }: { follow: boolean; json: boolean },
): Promise<void> {
  const progress = follow ? new Progress(process.stderr) : null;
  const stop = new AbortController();
  const interrupt = () => stop.abort(new OrestesError('INTERRUPTED', `the job goes on: orestes get ${id}`));
  process.once('SIGINT', interrupt).once('SIGTERM', interrupt);
  try {
    const job = await followJob(client, id, { progress, signal: stop.signal });
    progress?.end();
    if (json) printJson(job);
    else if (job.state === 'succeeded') print(`${job.name}: succeeded${job.output ? `: ${job.output}` : ''}`);
    assertSucceeded(job);
  } finally {
    progress?.end();
    process.off('SIGINT', interrupt).off('SIGTERM', interrupt);
  }
}

const absolute = (address: string): string =>
  isAbsolute(address) || /^\w+:/.test(address) ? address : resolve(address);

function planText({
  spec,
  recipeHash,
  jobs,
  parameters,
  steps,
  tokens,
  flops,
  memoryBytes,
  seconds,
  cost,
  note,
}: PlanDocument): string {
  const figure = (name: string, value: string | null) => (value === null ? [] : [`${name.padEnd(11)}${value}`]);
  const count = (value: number | null) => (value === null ? null : short(value));
  return [
    `${spec.name}: ${spec.kind}, ${jobs} ${jobs === 1 ? 'job' : 'jobs'}`,
    ...figure('recipe', recipeHash),
    ...figure('parameters', count(parameters)),
    ...figure('steps', count(steps)),
    ...figure('tokens', count(tokens)),
    ...figure('work', flops === null ? null : `${short(flops)}FLOP`),
    ...figure('memory', memoryBytes === null ? null : `${bytes(memoryBytes)} a device at most`),
    ...figure('time', seconds === null ? null : duration(seconds)),
    ...figure('cost', cost === null ? null : cost.toFixed(2)),
    ...figure('note', note),
  ].join('\n');
}
