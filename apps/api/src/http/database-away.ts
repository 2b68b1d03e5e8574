import { OrestesError } from '@orestes/contracts';

const AWAY = new Set([
  ...['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'ENOTFOUND', 'EAI_AGAIN'],
  ...['57P01', '57P02', '57P03', '53300', '08000', '08001', '08003', '08004', '08006'],
]);

const WORDS =
  /Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error|not queryable/;

/**
 * Whether an error says that PostgreSQL can't be reached, or is shutting down (SQLSTATE classes 08, 57P and 53300). An error with
 * a code of its own tells of something else, whatever has caused it.
 */
export function isDatabaseAway(error: unknown): boolean {
  if (!(error instanceof Error) || error instanceof OrestesError) return false;
  const { code } = error as NodeJS.ErrnoException;
  if (code !== undefined && AWAY.has(code)) return true;
  if (WORDS.test(error.message)) return true;
  const inner = (error as { driverError?: unknown }).driverError ?? error.cause;
  return inner !== undefined && inner !== error && isDatabaseAway(inner);
}
