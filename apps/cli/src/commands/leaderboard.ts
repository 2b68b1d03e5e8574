import { print } from '../output.js';
import { ServiceClient, type ServerOptions } from '../service/client.js';

export interface LeaderboardOptions extends ServerOptions {
  json: boolean;
  suite: string;
  format: string;
}

/** Who is best. */
export async function leaderboard({ server, json, suite, format }: LeaderboardOptions): Promise<void> {
  const query = { suite, format: json ? 'json' : format };
  print((await new ServiceClient(server).text('/leaderboard', { query })).trimEnd());
}
