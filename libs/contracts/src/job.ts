import { z } from 'zod';
import { Sha256 } from './documents.js';
import { SubmittedSpec } from './submission.js';

const id = z.uuid();
const time = z.iso.datetime();
const count = z.int().min(0);

export const JOB_KINDS = ['corpus', 'pretrain', 'finetune', 'evaluate', 'sweep', 'pipeline'] as const;
export const JOB_STATES = [
  'queued',
  'admitted',
  'starting',
  'running',
  'suspending',
  'suspended',
  'succeeded',
  'failed',
  'cancelled',
  'diverged',
] as const;
export const JobState = z.enum(JOB_STATES);
export type JobState = z.infer<typeof JobState>;

/** How far a job is. Training counts updates, a corpus bytes of text, a parent its children. */
export const JobProgress = z.strictObject({
  done: z.number().min(0),
  total: z.number().min(0),
  unit: z.enum(['steps', 'bytes', 'jobs']),
  tokensPerSecond: z.number().min(0).nullable(),
  etaSeconds: z.number().min(0).nullable(),
});
export type JobProgress = z.infer<typeof JobProgress>;

/** A job in a list. */
export const JobSummary = z.strictObject({
  id,
  kind: z.enum(JOB_KINDS),
  name: z.string(),
  state: JobState,
  /** Code of an error, for a job that failed or diverged. */
  reason: z.string().nullable(),
  labels: z.record(z.string(), z.string()),
  priority: z.int(),
  parent: id.nullable(),
  recipeHash: Sha256.nullable(),
  progress: JobProgress.nullable(),
  createdAt: time,
  startedAt: time.nullable(),
  finishedAt: time.nullable(),
});
export type JobSummary = z.infer<typeof JobSummary>;

export const Attempt = z.strictObject({
  epoch: z.int().min(1),
  state: z.enum(['admitted', 'starting', 'running', 'ended']),
  /** succeeded, failed, diverged, interrupted, lost or superseded; null while it runs. */
  outcome: z.string().nullable(),
  host: z.string().nullable(),
  startedAt: time.nullable(),
  heartbeatAt: time.nullable(),
  endedAt: time.nullable(),
});

export const JobDocument = JobSummary.extend({
  /** Why it is in this state: one sentence. */
  why: z.string(),
  message: z.string().nullable(),
  /** As submitted, with all defaults filled in; addresses may be job:ID. */
  spec: SubmittedSpec,
  output: z.string().nullable(),
  /** What may be asked of it now. */
  actions: z.array(z.enum(['cancel', 'suspend', 'resume', 'retry'])),
  /** Jobs whose outputs it needs. */
  dependsOn: z.array(id),
  /** States of a sweep's or pipeline's children. */
  children: z.array(z.strictObject({ id, name: z.string(), kind: z.enum(JOB_KINDS), state: JobState })),
  /** The job whose result stands for this one's. */
  reusedFrom: id.nullable(),
  /** The job that this one repeats. */
  retryOf: id.nullable(),
  retries: count,
  /** Crashes so far, of `retries` allowed. */
  failures: count,
  attempts: z.array(Attempt),
  result: z.record(z.string(), z.unknown()).nullable(),
  version: z.int(),
});
export type JobDocument = z.infer<typeof JobDocument>;

const page = <T extends z.ZodType>(items: T) =>
  z.strictObject({ items: z.array(items), /** For `?cursor=`; null at the end. */ next: z.string().nullable() });

export const JobList = page(JobSummary);
export type JobList = z.infer<typeof JobList>;

export const JobEvent = z.strictObject({
  /** Rises with time; what Last-Event-ID and `?after=` take. */
  id: z.int(),
  time,
  /** `state` for a change of state, else what a worker told: compiled, resumed, evaluation or warning. */
  type: z.string(),
  state: JobState.nullable(),
  message: z.string(),
  attempt: z.int().nullable(),
});
export type JobEvent = z.infer<typeof JobEvent>;
export const JobEvents = page(JobEvent);

export const LogLine = z.strictObject({ id: z.int(), time, attempt: z.int(), text: z.string() });
export type LogLine = z.infer<typeof LogLine>;
export const LogLines = page(LogLine);

export const JobMetric = z.strictObject({
  id: z.int(),
  step: count,
  split: z.enum(['train', 'validation']),
  time,
  values: z.record(z.string(), z.number().nullable()),
});
export type JobMetric = z.infer<typeof JobMetric>;
export const JobMetrics = page(JobMetric);

export const CheckpointDocument = z.strictObject({
  step: count,
  address: z.string(),
  bytes: count,
  attempt: z.int(),
  createdAt: time,
});
export const CheckpointList = page(CheckpointDocument);

/** A model that a job made. */
export const ModelDocument = z.strictObject({
  id,
  job: id,
  kind: z.enum(['pretrain', 'finetune']),
  name: z.string(),
  address: z.string(),
  recipeHash: Sha256,
  createdAt: time,
});
export const ModelList = page(ModelDocument);

export const CorpusDocument = z.strictObject({
  id,
  job: id,
  name: z.string(),
  address: z.string(),
  digest: Sha256,
  vocabularySize: count,
  sequences: count,
  tokens: count.nullable(),
  createdAt: time,
});
export const CorpusList = page(CorpusDocument);

/** What a job would do, and take. */
export const PlanDocument = z.strictObject({
  spec: SubmittedSpec,
  /** null where it hangs on the output of a job that has not ended. */
  recipeHash: Sha256.nullable(),
  /** Jobs that the submission makes, itself included. */
  jobs: z.int().min(1),
  /** Why there are no figures; null where there are. */
  note: z.string().nullable(),
  parameters: count.nullable(),
  steps: count.nullable(),
  tokens: count.nullable(),
  /** Of the matrix products, forward and backward, all steps. */
  flops: z.number().nullable(),
  /** On one device, an upper estimate. */
  memoryBytes: z.number().nullable(),
  /** At the speed of past pretrainings here, or the one that the service is told (ORESTES_DEVICE_FLOPS), on all devices asked for. */
  seconds: z.number().nullable(),
  /** At the price of a device hour that the service is told (ORESTES_DEVICE_HOUR_PRICE). */
  cost: z.number().nullable(),
});
export type PlanDocument = z.infer<typeof PlanDocument>;

/** RFC 9457. */
export const ProblemDocument = z.strictObject({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  detail: z.string(),
  /** Stable; docs/errors.md. */
  code: z.string(),
  errors: z
    .array(
      z.strictObject({
        /** JSON pointer (RFC 6901) into the body, or the name of a parameter or header. */
        pointer: z.string(),
        message: z.string(),
        allowed: z.array(z.string()).optional(),
      }),
    )
    .optional(),
});
export type ProblemDocument = z.infer<typeof ProblemDocument>;

export const KeyRequest = z.strictObject({
  name: z
    .string()
    .min(1)
    .max(100)
    .regex(/^[^\p{C}]*$/u, 'characters that print'),
  /** Left out: the project of the key that asks. */
  project: z
    .string()
    .regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/)
    .optional(),
});
export const KeyDocument = z.strictObject({
  id,
  project: z.string(),
  name: z.string(),
  prefix: z.string(),
  createdAt: time,
  lastUsedAt: time.nullable(),
  revokedAt: time.nullable(),
});
export const NewKey = KeyDocument.extend({ /** The key itself: shown this once. */ key: z.string() });
export const KeyList = page(KeyDocument);
