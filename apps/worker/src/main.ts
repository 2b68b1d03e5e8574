import { OrestesError } from '@orestes/contracts';
import { EXIT, runAttempt } from './service/attempt.js';
import { workerConfig } from './service/config.js';

/** A signal asks the job to save and stop, however often it comes: whoever wants an end at once sends SIGKILL. */
const stop = new AbortController();
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => stop.abort());

try {
  process.exitCode = await runAttempt(workerConfig(), stop);
} catch (error) {
  const told = error instanceof OrestesError ? `${error.code}: ${error.message}` : (error as Error).stack;
  process.stderr.write(`worker: ${told}\n`);
  process.exitCode =
    error instanceof OrestesError && error.code === 'ATTEMPT_SUPERSEDED' ? EXIT.superseded : EXIT.failed;
}
