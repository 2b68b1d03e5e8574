import { z } from 'zod';
import { JobProgress, JobState } from './job.js';
import { submitted, type GivenWorkSpec, type WorkSpec } from './submission.js';

/** Where TrainingJobs live in the Kubernetes API. */
export const TRAINING_JOB = {
  group: 'orestes.dev',
  version: 'v1alpha1',
  kind: 'TrainingJob',
  plural: 'trainingjobs',
} as const;

/** Held on an object until its job has ended: an object that is deleted takes its job with it. */
export const FINALIZER = 'orestes.dev/job';

/** Label of an object: the id of its job. */
export const JOB_LABEL = 'orestes.dev/job';
/** Its job's kind. */
export const KIND_LABEL = 'orestes.dev/kind';

export const WORK_KINDS = ['corpus', 'pretrain', 'finetune', 'evaluate'] as const satisfies WorkSpec['kind'][];

/** The spec of a job under the name of its kind, without `kind`: so that each field has one type, which the CRD needs. */
export const TrainingJobSpec = z.strictObject({
  suspend: z.boolean().optional().describe('Lets the job save and stop; false again: it goes on from there.'),
  corpus: submitted.corpus
    .omit({ kind: true })
    .optional()
    .describe('Text to tokens to packed sequences to MDS shards.'),
  pretrain: submitted.pretrain.omit({ kind: true }).optional().describe('A corpus to a generator and a discriminator.'),
  finetune: submitted.finetune.omit({ kind: true }).optional().describe('A pretrained encoder to a classifier.'),
  evaluate: submitted.evaluate.omit({ kind: true }).optional().describe('A discriminator against a frozen generator.'),
});

export const Condition = z.strictObject({
  type: z.enum(['Registered', 'Admitted', 'Running', 'Suspended', 'Complete', 'Failed']),
  status: z.enum(['True', 'False', 'Unknown']),
  reason: z.string(),
  message: z.string(),
  lastTransitionTime: z.iso.datetime(),
  observedGeneration: z.int().optional(),
});

/** The job as the service's database has it. */
export const MirroredJob = z.strictObject({
  id: z.uuid(),
  state: JobState,
  message: z.string(),
  reason: z.string().optional().describe('Code of the error that ended it.'),
  version: z.int().describe('Rises with every change of the job: of two answers the newer one has more.'),
  epoch: z.int().describe('Number of the newest attempt; 0: none yet.'),
  live: z.boolean().describe('Whether that attempt has not ended.'),
  notBefore: z.iso.datetime().optional().describe('Not to be started again before.'),
  priority: z.int(),
  progress: JobProgress.optional(),
  savedAt: z.iso.datetime().optional().describe('Time of the newest checkpoint: work since then would be lost.'),
});

const MESSAGE_CHARACTERS = 1000;

/** A message as a status may have it: cut where it is longer, and without half a surrogate pair, which no database takes. */
export const shortened = (message: string): string =>
  message.slice(0, MESSAGE_CHARACTERS).replace(/\p{Surrogate}/gu, '');

/** What became of it: written by the API, but of an object that it refused; the operator tells that, and `suspendAsked`. */
export const TrainingJobStatus = z.strictObject({
  job: MirroredJob.optional(),
  phase: z.string().optional(),
  reason: z.string().optional(),
  message: z.string().optional().describe('Why it is in this phase: one sentence.'),
  attempt: z.int().optional(),
  progress: z.string().optional().describe('`done/total unit`.'),
  observedGeneration: z.int().optional(),
  suspendAsked: z.boolean().optional().describe('The value of `spec.suspend` that was passed on last.'),
  conditions: z.array(Condition).max(8).optional(),
});

export type TrainingJobSpec = z.infer<typeof TrainingJobSpec>;
export type TrainingJobStatus = z.infer<typeof TrainingJobStatus>;
export type MirroredJob = z.infer<typeof MirroredJob>;
export type Condition = z.infer<typeof Condition>;

/** The object as the Kubernetes API has it. */
export interface TrainingJob {
  apiVersion: 'orestes.dev/v1alpha1';
  kind: 'TrainingJob';
  metadata: {
    name: string;
    namespace: string;
    uid?: string;
    resourceVersion?: string;
    generation?: number;
    creationTimestamp?: string;
    deletionTimestamp?: string;
    finalizers?: string[];
    labels?: Record<string, string>;
    annotations?: Record<string, string>;
  };
  spec: TrainingJobSpec;
  status?: TrainingJobStatus;
}

/** The spec that a TrainingJob stands for, as it was given: of what was written by hand, what has a default may be left out. */
export function specOf({ spec }: Pick<TrainingJob, 'spec'>): GivenWorkSpec {
  const kind = WORK_KINDS.find((each) => spec[each] !== undefined)!;
  return { ...spec[kind], kind } as GivenWorkSpec;
}

/** A worker's spec as a TrainingJob's. */
export function asTrainingJobSpec({ kind, ...spec }: WorkSpec): TrainingJobSpec {
  return { [kind]: spec };
}
