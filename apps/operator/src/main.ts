import { OrestesError, UserError } from '@orestes/contracts';
import { pino } from 'pino';
import { operatorConfig } from './config.js';
import { runOperator } from './operator.js';

const EXIT = { done: 0, failed: 1, usage: 2 } as const;

const stop = new AbortController();
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => stop.abort());

try {
  const config = operatorConfig();
  await runOperator(config, pino({ level: config.logLevel }, pino.destination(2)), stop.signal);
} catch (error) {
  const told = error instanceof OrestesError ? `${error.code}: ${error.message}` : (error as Error).stack;
  process.stderr.write(`operator: ${told}\n`);
  process.exitCode = error instanceof UserError ? EXIT.usage : EXIT.failed;
}
