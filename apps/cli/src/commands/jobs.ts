import { duration, FinetuneResult, type JobDocument, type JobList, type JobSummary } from '@orestes/contracts';
import { print, printJson, table } from '../output.js';
import { ServiceClient, type ServerOptions } from '../service/client.js';
import { findJob } from '../service/find.js';

export interface ListOptions extends ServerOptions {
  json: boolean;
  state?: string;
  kind?: string;
  label: string[];
  limit: number;
  all: boolean;
}

/** The newest jobs; children of sweeps and pipelines with --all. */
export async function list({ server, json, state, kind, label, limit, all }: ListOptions): Promise<void> {
  const client = new ServiceClient(server);
  const query = { limit: String(Math.min(limit, 1000)), state, kind, label, ...(!all && { root: 'true' }) };
  const { items, next } = await client.ask<JobList>('/jobs', { query });
  if (json) return items.forEach(printJson);
  if (items.length === 0) return print('no jobs');
  print(table(['id', 'name', 'kind', 'state', 'progress', 'age'], items.map(row)));
  if (next !== null) process.stderr.write(`there are more (--limit, at most 1000; --state, --kind, --label)\n`);
}

const row = ({ id, name, kind, state, progress, createdAt }: JobSummary) => [
  ...[id, name, kind, state],
  progress === null || progress.total === 0 ? '-' : `${Math.floor((100 * progress.done) / progress.total)}%`,
  duration((Date.now() - Date.parse(createdAt)) / 1000),
];

/** One job: why it is in its state, and where its things are. */
export async function get(named: string, { server, json }: ServerOptions & { json: boolean }): Promise<void> {
  const client = new ServiceClient(server);
  const job = await client.ask<JobDocument>(`/jobs/${await findJob(client, named)}`);
  if (json) printJson(job);
  else print(jobText(job));
}

/** Of a fine-tuning, after its last epoch. */
function scoreOf({ kind, result }: JobDocument): string | null {
  const scored = kind === 'finetune' ? FinetuneResult.safeParse(result) : null;
  if (!scored?.success) return null;
  const { name, last } = scored.data.metric;
  return `${name} ${last.toFixed(4)}`;
}

function jobText(job: JobDocument): string {
  const line = (name: string, value: string | null) => (value === null ? [] : [`${name.padEnd(11)}${value}`]);
  const labels = Object.entries(job.labels).map(([name, value]) => `${name}=${value}`);
  return [
    `${job.name} (${job.kind}): ${job.state}`,
    job.why,
    '',
    ...line('id', job.id),
    ...line('output', job.output),
    ...line('score', scoreOf(job)),
    ...line('recipe', job.recipeHash),
    ...line('parent', job.parent),
    ...line('needs', job.dependsOn.join(', ') || null),
    ...line('labels', labels.join(', ') || null),
    ...line('result of', job.reusedFrom),
    ...line('retry of', job.retryOf),
    ...line(
      'attempts',
      job.attempts.map(({ epoch, outcome, state }) => `${epoch} ${outcome ?? state}`).join(', ') || null,
    ),
    ...line('submitted', job.createdAt),
    ...line('started', job.startedAt),
    ...line('finished', job.finishedAt),
    ...(job.children.length > 0
      ? [
          '',
          table(
            ['id', 'name', 'kind', 'state'],
            job.children.map(({ id, name, kind, state }) => [id, name, kind, state]),
          ),
        ]
      : []),
  ].join('\n');
}
