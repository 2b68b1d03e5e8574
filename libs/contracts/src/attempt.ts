import { z } from 'zod';
import { MetricRecord, Sha256 } from './documents.js';
import { JobProgress } from './job.js';
import { JobSpec } from './specs.js';

/** A worker's first words: which process it is. One process alone may start an attempt. */
export const AttemptStart = z.strictObject({
  /** Random, the process's own: the same process may ask again. */
  process: z.string().min(16).max(64),
  host: z.string().max(255),
  pid: z.int().min(0),
});

export const AttemptOrder = z.strictObject({
  job: z.uuid(),
  epoch: z.int().min(1),
  /** Addresses of other jobs' outputs filled in. */
  spec: JobSpec,
  /** Whether an equal job's result may stand for this one's. */
  reuse: z.boolean(),
});

/** What the job is, by content. */
export const AttemptIdentity = z.strictObject({
  recipeHash: Sha256,
  /** The recipe hash as it would be without the seed. */
  experiment: Sha256,
  /** Recipe hash of the pretraining that a fine-tuning starts from. */
  base: Sha256.nullable(),
  /** Of all steps; pretraining alone. */
  flops: z.number().min(0).nullable(),
  corpus: Sha256.nullable(),
});

/** The equal job to take the result of, or nothing. */
export const AttemptTwin = z.strictObject({ twin: z.strictObject({ job: z.uuid(), output: z.string() }).nullable() });

const item = <K extends string, S extends z.ZodRawShape>(kind: K, shape: S) =>
  z.strictObject({ kind: z.literal(kind), ...shape });

/** Printed text; PostgreSQL stores no NUL. */
const text = z
  .string()
  .max(20_000)
  .regex(/^[^\0]*$/);

export const ReportItem = z.discriminatedUnion('kind', [
  item('metric', MetricRecord.shape),
  item('log', { time: z.number(), text }),
  item('event', { time: z.number(), type: z.string().max(40), message: text }),
  item('checkpoint', { step: z.int().min(0), address: z.string().max(4096), bytes: z.int().min(0) }),
]);

/** A batch of reports; an empty one is a heartbeat. */
export const AttemptReport = z.strictObject({
  /** Place of the first item among all of this attempt's: a batch that comes twice counts once. */
  first: z.int().min(0),
  items: z.array(ReportItem).max(2000),
  progress: JobProgress.nullable(),
});

export const AttemptCommand = z.strictObject({
  /** `stop`: save, end as interrupted. */
  command: z.enum(['continue', 'stop']),
});

export const AttemptEnd = z.discriminatedUnion('outcome', [
  z.strictObject({
    outcome: z.literal('succeeded'),
    result: z.record(z.string(), z.unknown()),
    /** The job whose result it is, if not its own. */
    reusedFrom: z.uuid().nullable(),
  }),
  z.strictObject({
    outcome: z.enum(['failed', 'diverged', 'interrupted']),
    code: z.string().max(100),
    message: text,
  }),
]);

export type AttemptStart = z.infer<typeof AttemptStart>;
export type AttemptOrder = z.infer<typeof AttemptOrder>;
export type AttemptIdentity = z.infer<typeof AttemptIdentity>;
export type AttemptTwin = z.infer<typeof AttemptTwin>;
export type ReportItem = z.infer<typeof ReportItem>;
export type AttemptReport = z.infer<typeof AttemptReport>;
export type AttemptCommand = z.infer<typeof AttemptCommand>;
export type AttemptEnd = z.infer<typeof AttemptEnd>;
