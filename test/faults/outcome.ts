import type { CheckpointManifest, JobDocument, JobEvent, JobMetric } from '@orestes/contracts';
import { openStore } from '@orestes/storage';
import { childrenOf, historyOf } from '../support/wait.js';

/** What of a job must not hang on what befell it. */
export interface Outcome {
  name: string;
  state: string;
  recipeHash: string | null;
  /** Without the address of its output. */
  result: string;
  /** Steps, splits and values of the metrics, without what a clock tells. */
  metrics: string[];
  /** SHA-256 of the last checkpoint's parts. */
  weights: string[];
  terminalEvents: number;
}

/** Tell of speed and time, not of what was learned. */
const CLOCKED = ['tokens_per_second', 'data_wait'];

/** The outcomes of a pipeline's jobs. */
export async function outcomesOf(url: string, pipeline: string): Promise<Outcome[]> {
  return Promise.all((await childrenOf(url, pipeline)).map((job) => outcomeOf(url, job)));
}

async function outcomeOf(url: string, job: JobDocument): Promise<Outcome> {
  const metrics = await historyOf<JobMetric>(url, job.id, 'metrics');
  const events = await historyOf<JobEvent>(url, job.id, 'events');
  return {
    name: job.name,
    state: job.state,
    recipeHash: job.recipeHash,
    result: JSON.stringify(sorted(job.result)).replaceAll(job.output!, 'OUTPUT'),
    metrics: metrics
      .map(({ step, split, values }) => JSON.stringify([step, split, sorted(withoutClock(values))]))
      .sort(),
    weights: job.kind === 'pretrain' ? await weightsOf(job.result!['checkpoint'] as string) : [],
    terminalEvents: events.filter(({ state }) => state === job.state).length,
  };
}

const withoutClock = (values: Record<string, number | null>) =>
  Object.fromEntries(Object.entries(values).filter(([name]) => !CLOCKED.includes(name)));

/** jsonb keeps no order of fields. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([k, v]) => [k, sorted(v)]),
  );
}

async function weightsOf(checkpoint: string): Promise<string[]> {
  const manifest = JSON.parse(
    Buffer.from(await openStore(checkpoint).get('manifest.json')).toString(),
  ) as CheckpointManifest;
  return manifest.parts.map(({ file, sha256 }) => `${file} ${sha256}`);
}
