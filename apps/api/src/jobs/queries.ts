import { JOB_KINDS, JOB_STATES } from '@orestes/contracts';
import { z } from 'zod';
import { After, Cursor, Flag, Limit } from '../http/parameters.js';

/** `?state=a&state=b` or `?state=a,b`. */
const listOf = <T extends z.ZodType>(item: T) =>
  z.preprocess(
    (value) =>
      value === undefined
        ? undefined
        : [value].flat().flatMap((text) => (typeof text === 'string' ? text.split(',') : [text])),
    z.array(item).min(1).max(20).optional(),
  );

export const SubmitQuery = z.strictObject({
  dryRun: Flag.describe('Only the plan: nothing is submitted.'),
});

export const ListQuery = z.strictObject({
  limit: Limit,
  cursor: Cursor,
  state: listOf(z.enum(JOB_STATES)).describe('One or several, with commas.'),
  kind: listOf(z.enum(JOB_KINDS)).describe('One or several, with commas.'),
  label: listOf(z.string().regex(/^[^=\0\p{Surrogate}]{1,63}=[^\0\p{Surrogate}]{0,63}$/u, 'name=value')).describe(
    'name=value; of several all must fit.',
  ),
  name: z
    .string()
    .min(1)
    .max(63)
    .refine((text) => !/[\0\p{Surrogate}]/u.test(text), 'no name has such characters')
    .optional()
    .describe('Exactly.'),
  parent: z.uuid().optional().describe('Children of this sweep or pipeline.'),
  root: Flag.describe('Jobs without a parent alone.'),
});

export const PageQuery = z.strictObject({ limit: Limit, after: After });
