import type { KeyList, NewKey } from '@orestes/contracts';
import type { z } from 'zod';
import { print, printJson, table } from '../output.js';
import { ServiceClient, type ServerOptions } from '../service/client.js';

type Options = ServerOptions & { json: boolean };

/** Makes a key, and shows it this once. */
export async function createKey(
  name: string,
  { server, json, project }: Options & { project?: string },
): Promise<void> {
  const body = { name, ...(project !== undefined && { project }) };
  const made = await new ServiceClient(server).ask<z.infer<typeof NewKey>>('/keys', { method: 'POST', body });
  if (json) return printJson(made);
  print(made.key);
  process.stderr.write(`a key of project ${made.project}; it is not shown again\n`);
}

export async function listKeys({ server, json }: Options): Promise<void> {
  const { items } = await new ServiceClient(server).ask<z.infer<typeof KeyList>>('/keys');
  if (json) return items.forEach(printJson);
  print(
    table(
      ['id', 'name', 'begins', 'made', 'last used', 'revoked'],
      items.map((key) => [key.id, key.name, key.prefix, key.createdAt, key.lastUsedAt ?? '-', key.revokedAt ?? '-']),
    ),
  );
}

export async function revokeKey(id: string, { server, json }: Options): Promise<void> {
  const key = await new ServiceClient(server).ask<{ name: string }>(`/keys/${encodeURIComponent(id)}`, {
    method: 'DELETE',
  });
  if (json) printJson(key);
  else print(`${key.name}: revoked`);
}
