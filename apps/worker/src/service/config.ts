import { readFileSync } from 'node:fs';
import { UserError } from '@orestes/contracts';

/** What a worker of the service is told by whoever starts it. */
export interface WorkerConfig {
  /** The API's address. */
  api: string;
  attempt: string;
  /** The token, good for this attempt alone. A pod's is renewed in its file: it is read for each request. */
  token: () => string;
  /** How long the API may be away before the worker saves and gives up. */
  patienceMs: number;
}

const PATIENCE_MS = 600_000;

/** @throws UserError USAGE naming the variable that is missing or wrong */
export function workerConfig(env: NodeJS.ProcessEnv = process.env): WorkerConfig {
  const needed = (name: string): string => {
    const value = env[name];
    if (value) return value;
    throw new UserError('USAGE', `${name}: missing (the service sets it for the workers that it starts)`);
  };
  const hosts = Number(env['ORESTES_HOSTS'] ?? 1);
  if (hosts > 1)
    throw new UserError(
      'USAGE',
      `ORESTES_HOSTS: ${hosts} is not allowed (allowed: 1): the engine computes on one host`,
    );
  const file = env['ORESTES_TOKEN_FILE'];
  const token = file ? undefined : needed('ORESTES_TOKEN');
  return {
    api: needed('ORESTES_API'),
    attempt: needed('ORESTES_ATTEMPT'),
    token: () => token ?? readFileSync(file!, 'utf8').trim(),
    patienceMs: patience(env['ORESTES_PATIENCE_SECONDS']),
  };
}

function patience(text: string | undefined): number {
  if (text === undefined || text === '') return PATIENCE_MS;
  const seconds = Number(text);
  if (seconds > 0) return 1000 * seconds;
  throw new UserError('USAGE', `ORESTES_PATIENCE_SECONDS: ${text} is not allowed (allowed: a number of seconds)`);
}
