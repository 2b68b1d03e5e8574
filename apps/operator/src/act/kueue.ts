import { z } from 'zod';

const QUEUE = 'kueue.x-k8s.io/queue-name';
const PRIORITY_CLASS = 'kueue.x-k8s.io/priority-class';

/** A WorkloadPriorityClass, for jobs of priority `from` up to the next class's. */
export const PriorityClass = z.strictObject({
  from: z.int().min(-1000).max(1000),
  /** It is a label's value. */
  name: z
    .string()
    .max(63)
    .regex(/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/, 'lower-case letters, digits, - and . between'),
});
export type PriorityClass = z.infer<typeof PriorityClass>;

export const Kueue = z.strictObject({
  /** In any order; none: Kueue gives all jobs one priority. */
  priorityClasses: z
    .array(PriorityClass)
    .refine((classes) => new Set(classes.map(({ from }) => from)).size === classes.length, 'two classes have one from')
    .default([]),
});
export type Kueue = z.infer<typeof Kueue>;

/**
 * By which Kueue knows the queue and the rank of a Job. Kueue knows no number of a Job's own, so that a class stands for it; a job
 * below all classes has none.
 */
export function kueueLabels(queue: string, priority: number, { priorityClasses }: Kueue): Record<string, string> {
  const [highest] = priorityClasses.filter(({ from }) => from <= priority).sort((a, b) => b.from - a.from);
  return { [QUEUE]: queue, ...(highest && { [PRIORITY_CLASS]: highest.name }) };
}
