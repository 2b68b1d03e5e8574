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

const MINUTE_MS = 60_000;

/** @throws UserError USAGE naming the variable that is missing */
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
    patienceMs: Number(env['ORESTES_PATIENCE_SECONDS'] ?? 600) * 1000 || 10 * MINUTE_MS,
  };
}
