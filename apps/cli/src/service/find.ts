import { UserError, type JobList } from '@orestes/contracts';
import type { ServiceClient } from './client.js';

const ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/**
 * The id of a job that a person names: its id, or its name, which means the newest of that name.
 * @throws UserError NOT_FOUND
 */
export async function findJob(client: ServiceClient, named: string): Promise<string> {
  if (ID.test(named)) return named.toLowerCase();
  const query = { name: named.slice(0, 63), limit: '1' };
  const { items } = await client.ask<JobList>('/jobs', { query });
  if (items[0]) return items[0].id;
  throw new UserError('NOT_FOUND', `${named}: no job has this id or name (orestes list shows them)`);
}
