import { parseDocument } from '@orestes/contracts';
import { z } from 'zod';
import { notFound } from './problem.js';

const ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** An id of a path; what is none names nothing. */
export function idOf(text: string, what: string): string {
  const id = text.toLowerCase();
  if (ID.test(id)) return id;
  throw notFound(what, text);
}

/** Query parameters by their schema; one that is not known is refused. */
export const queryOf = <S extends z.ZodType>(schema: S, query: unknown): z.output<S> =>
  parseDocument(schema, query, 'query');

/** Rows of a page. */
export const Limit = z.coerce.number().int().min(1).max(1000).default(100).describe('Items of a page at most.');

/** For JSON: rows after this id. */
export const After = z.coerce
  .number()
  .int()
  .min(0)
  .max(Number.MAX_SAFE_INTEGER)
  .default(0)
  .describe('Only items with a greater id.');

/** Opaque to clients. */
export const Cursor = z
  .string()
  .regex(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/, 'the `next` of the page before')
  .optional()
  .describe('The `next` of the page before.');

/** `true` or `false`. */
export const Flag = z
  .enum(['true', 'false'])
  .default('false')
  .transform((text) => text === 'true');
