import { z } from 'zod';
import { MirroredJob, TrainingJobSpec } from './training-job.js';

/** Number of the lease's term that the operator leads in: what an older leader still sends is refused. */
const leader = z.int().min(0);
const epoch = z.int().min(1);
const text = z
  .string()
  .max(2000)
  .regex(/^[^\0]*$/);
const name = z.string().min(1).max(253);
/** `namespace/name` of the TrainingJob that the operator speaks for: what it says of another's job is refused. */
const object = z.string().min(3).max(507);
/** Of that object, as the operator saw it. */
const generation = z.int().min(1);
const from = { leader, object, generation };

/** A TrainingJob that somebody has written by hand becomes a job. */
export const RegisterRequest = z.strictObject({
  leader,
  namespace: name,
  name,
  /** Of the object: registered twice, it is one job. */
  uid: name,
  spec: TrainingJobSpec,
});

/** The job's pods may start: attempt `epoch` begins. */
export const BeginRequest = z.strictObject({
  ...from,
  epoch,
  /** So long pods live that are to end: one of a cancelled job may save into the output that this attempt writes. */
  graceSeconds: z.int().min(0),
});

/** The attempt's pods are gone, and their worker has not told its end. */
export const EndRequest = z.strictObject({
  ...from,
  epoch,
  /** `interrupted`: an eviction or a preemption, which is nobody's failure; `failed`: it ran longer than it may. */
  outcome: z.enum(['lost', 'interrupted', 'failed']),
  message: text,
  /** So long it does not start again, whatever the outcome asks for. */
  pauseSeconds: z.int().min(0).max(3600).default(0),
});

/** What a job that does not run yet waits for. */
export const WaitingRequest = z.strictObject({ ...from, message: text });

/** What somebody asks of a job by its object. */
export const AskRequest = z.strictObject(from);

/** The job as it stands after that. */
export const ClusterAnswer = z.strictObject({ job: MirroredJob });

export type RegisterRequest = z.infer<typeof RegisterRequest>;
export type BeginRequest = z.infer<typeof BeginRequest>;
export type EndRequest = z.infer<typeof EndRequest>;
export type WaitingRequest = z.infer<typeof WaitingRequest>;
export type AskRequest = z.infer<typeof AskRequest>;
