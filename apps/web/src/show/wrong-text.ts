import type { ProblemDocument } from '@orestes/contracts';

/** One thing that is wrong with what was sent. */
export type Wrong = NonNullable<ProblemDocument['errors']>[number];

/** Its message, and what is allowed where the message does not say so itself. */
export const wrongText = ({ message, allowed }: Wrong): string =>
  allowed && allowed.length > 0 && !allowed.every((value) => message.includes(value))
    ? `${message} (allowed: ${allowed.join(', ')})`
    : message;
