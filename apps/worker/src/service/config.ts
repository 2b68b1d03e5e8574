import { UserError } from '@orestes/contracts';

/** What a worker of the service is told by whoever starts it. */
export interface WorkerConfig {
  /** The API's address. */
  api: string;
  attempt: string;
  /** Good for this attempt alone. */
  token: string;
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
  return {
    api: needed('ORESTES_API'),
    attempt: needed('ORESTES_ATTEMPT'),
    token: needed('ORESTES_TOKEN'),
    patienceMs: patience(env['ORESTES_PATIENCE_SECONDS']),
  };
}

function patience(text: string | undefined): number {
  if (text === undefined || text === '') return PATIENCE_MS;
  const seconds = Number(text);
  if (seconds > 0) return 1000 * seconds;
  throw new UserError('USAGE', `ORESTES_PATIENCE_SECONDS: ${text} is not allowed (allowed: a number of seconds)`);
}
