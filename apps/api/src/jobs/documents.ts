import type { JobDocument, JobSummary } from '@orestes/contracts';
import type { Attempt, Job } from '@orestes/database';

export const iso = (time: Date | null): string | null => time?.toISOString() ?? null;

export const labelsOf = (labels: readonly string[]): Record<string, string> =>
  Object.fromEntries(labels.map((label) => [label.slice(0, label.indexOf('=')), label.slice(label.indexOf('=') + 1)]));

export const labelTexts = (labels: Record<string, string>): string[] =>
  Object.entries(labels).map(([name, value]) => `${name}=${value}`);

/** Columns that a summary needs: a list reads no specs. */
export const SUMMARY = [
  ...['id', 'kind', 'name', 'state', 'reason', 'labels', 'priority', 'parentId', 'recipeHash', 'progress'],
  ...['createdAt', 'startedAt', 'finishedAt'],
] as (keyof Job)[];

export function summaryOf(job: Job): JobSummary {
  return {
    id: job.id,
    kind: job.kind,
    name: job.name,
    state: job.state,
    reason: job.reason,
    labels: labelsOf(job.labels),
    priority: job.priority,
    parent: job.parentId,
    recipeHash: job.recipeHash,
    progress: job.progress,
    createdAt: job.createdAt.toISOString(),
    startedAt: iso(job.startedAt),
    finishedAt: iso(job.finishedAt),
  };
}

export const attemptOf = (attempt: Attempt): JobDocument['attempts'][number] => ({
  epoch: attempt.epoch,
  state: attempt.state,
  outcome: attempt.outcome,
  host: attempt.host,
  startedAt: iso(attempt.startedAt),
  heartbeatAt: iso(attempt.heartbeatAt),
  endedAt: iso(attempt.endedAt),
});
