import { OrestesError } from '@orestes/contracts';
import { EXIT, runAttempt } from './service/attempt.js';
import { workerConfig } from './service/config.js';

/** SIGTERM asks the job to save and stop; a second one stops at once. */
const stop = new AbortController();
for (const signal of ['SIGTERM', 'SIGINT'] as const)
  process.on(signal, () => (stop.signal.aborted ? process.exit(EXIT.failed) : stop.abort()));

try {
  process.exitCode = await runAttempt(workerConfig(), stop);
} catch (error) {
  const told = error instanceof OrestesError ? `${error.code}: ${error.message}` : (error as Error).stack;
  process.stderr.write(`worker: ${told}\n`);
  process.exitCode =
    error instanceof OrestesError && error.code === 'ATTEMPT_SUPERSEDED' ? EXIT.superseded : EXIT.failed;
}
