import type {
  JobDocument,
  JobKind,
  JobList,
  JobState,
  JobSummary,
  CheckpointList as CheckpointListSchema,
  PlanDocument,
} from '@orestes/contracts';
import { getJson, postJson } from './client.js';

export type Checkpoint = (typeof CheckpointListSchema)['_output']['items'][number];

export interface JobQuery {
  state?: JobState | null;
  kind?: JobKind | null;
  /** `key=value` */
  label?: string;
  parent?: string;
  /** Only jobs without a parent. */
  root?: boolean;
  limit?: number;
  cursor?: string | null;
}

export const ACTIONS = ['suspend', 'resume', 'retry', 'cancel'] as const;
export type JobAction = (typeof ACTIONS)[number];

const at = (id: string) => `jobs/${encodeURIComponent(id)}`;

export function listJobs(query: JobQuery, signal?: AbortSignal): Promise<JobList> {
  const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== null && value !== '');
  return getJson(`jobs?${new URLSearchParams(given.map(([name, value]) => [name, String(value)]))}`, signal);
}

/** Rows a request. */
const PAGE = 100;

/** The first `count` jobs, rounded up to whole pages. */
export async function firstJobs(
  query: JobQuery,
  count: number,
  signal?: AbortSignal,
): Promise<{ jobs: JobSummary[]; more: boolean }> {
  const jobs: JobSummary[] = [];
  let cursor: string | null = null;
  do {
    const page: JobList = await listJobs({ ...query, limit: PAGE, cursor }, signal);
    jobs.push(...page.items);
    cursor = page.next;
  } while (cursor !== null && jobs.length < count);
  return { jobs, more: cursor !== null };
}

export const getJob = (id: string, signal?: AbortSignal) => getJson<JobDocument>(at(id), signal);
export const actOn = (id: string, action: JobAction) => postJson<JobDocument>(`${at(id)}/${action}`);
export const feedOf = (id: string, feed: 'events' | 'logs' | 'metrics') => `${at(id)}/${feed}`;

export const listCheckpoints = (id: string, signal?: AbortSignal) =>
  getJson<{ items: Checkpoint[]; next: string | null }>(`${at(id)}/checkpoints`, signal);

export const planJob = (spec: unknown) => postJson<PlanDocument>('jobs?dryRun=true', spec);

/** @param key the same for every try of one submission, so that a lost answer makes no second job */
export const submitJob = (spec: unknown, key: string) =>
  postJson<JobDocument>('jobs', spec, { 'Idempotency-Key': key });
