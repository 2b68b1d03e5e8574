import { OrestesError, UserError } from '@orestes/contracts';
import type { PretrainBatch } from './batch.js';
import type { StreamPlan } from './plan.js';

/** What the reading thread is started with. */
export interface ThreadTask {
  address: string;
  plan: StreamPlan;
}

/** What the reading thread says. It may send `plan.prefetch` batches, and one more for every message that it gets. */
export type ThreadMessage =
  { kind: 'batch'; batch: PretrainBatch } | { kind: 'end' } | { kind: 'error'; error: SentError };

/** An error as plain values: its class does not survive the way between threads. */
export interface SentError {
  code: string | null;
  message: string;
  exitCode: 1 | 2;
  stack: string | undefined;
}

export function sendError(error: unknown): SentError {
  const stack = error instanceof Error ? error.stack : undefined;
  if (error instanceof OrestesError)
    return { code: error.code, message: error.message, exitCode: error.exitCode, stack };
  return { code: null, message: error instanceof Error ? error.message : String(error), exitCode: 1, stack };
}

export function receiveError({ code, message, exitCode, stack }: SentError): Error {
  const error =
    code === null
      ? new OrestesError('STREAM_FAILED', `the reading thread failed: ${message}`)
      : exitCode === 2
        ? new UserError(code, message)
        : new OrestesError(code, message);
  if (stack !== undefined) error.stack = stack;
  return error;
}
