import type { JobDocument } from '@orestes/contracts';
import { print, printJson } from '../output.js';
import { ServiceClient, type ServerOptions } from '../service/client.js';
import { findJob } from '../service/find.js';
import { watch } from './submit.js';

type Options = ServerOptions & { json: boolean };

const asker =
  (request: 'cancel' | 'suspend' | 'resume') =>
  async (named: string, { server, json }: Options): Promise<void> => {
    const client = new ServiceClient(server);
    const job = await client.ask<JobDocument>(`/jobs/${await findJob(client, named)}/${request}`, { method: 'POST' });
    if (json) printJson(job);
    else print(`${job.name}: ${job.state}. ${job.why}`);
  };

export const cancel = asker('cancel');
export const suspend = asker('suspend');
export const resume = asker('resume');

/** A new job that goes on where the old one failed. */
export async function retry(named: string, { server, json, follow }: Options & { follow: boolean }): Promise<void> {
  const client = new ServiceClient(server);
  const job = await client.ask<JobDocument>(`/jobs/${await findJob(client, named)}/retry`, { method: 'POST' });
  if (json && !follow) return printJson(job);
  if (!json) print(job.id);
  if (follow) await watch(client, job.id, { follow, json });
}
