import type { JobDocument, JobList, JobSummary } from '@orestes/contracts';
import { ask } from '../support/service.js';
import { until } from './browser.js';

/** Submits a spec. @returns the job's id */
export async function submit(url: string, spec: unknown): Promise<string> {
  const { status, body } = await ask(`${url}/jobs`, { body: spec });
  if (status !== 202) throw new Error(`POST /jobs: ${status} ${JSON.stringify(body).slice(0, 500)}`);
  return (body as JobDocument).id;
}

export async function job(url: string, id: string): Promise<JobDocument> {
  return (await ask(`${url}/jobs/${id}`)).body as JobDocument;
}

/** Children of a pipeline, once it has made them. */
export async function children(url: string, id: string): Promise<JobSummary[]> {
  const list = () => ask(`${url}/jobs?parent=${id}`).then(({ body }) => (body as JobList).items);
  return until(list, (items) => items.length > 0);
}

/** Waits for a job's end. @throws when it did not succeed */
export async function succeeded(url: string, id: string): Promise<void> {
  const ended = ['succeeded', 'failed', 'cancelled', 'diverged'];
  const { name, state, message } = await until(
    () => job(url, id),
    (seen) => ended.includes(seen.state),
  );
  if (state !== 'succeeded') throw new Error(`${name} ${state}: ${message}`);
}

/** A pretraining that no worker takes up: the service has no slots, or another job before it. */
export const waitingSpec = (name: string, labels: Record<string, string> = {}) => ({
  kind: 'pretrain',
  name,
  labels,
  recipe: 'decoupled-optim',
  size: 'tiny',
  corpus: '/no/corpus',
  schedule: { maxSteps: 10, warmupSteps: 1 },
});
