import {
  asTrainingJobSpec,
  parseDocument,
  SubmittedSpec,
  type TrainingJobSpec,
  type WorkSpec,
} from '@orestes/contracts';

/** GPUs of each queue. */
export const QUOTA = 32;

/** Of ten jobs seven are small, two are middling, and one is large: the shares of Kueue's own benchmark. */
const CLASSES = [
  { of: 7, gpus: 1, runMs: 200 },
  { of: 2, gpus: 2, runMs: 500 },
  { of: 1, gpus: 8, runMs: 1000 },
] as const;

interface JobClass {
  gpus: number;
  /** How long its Job runs. */
  runMs: number;
}

/** The i-th job's; each queue gets the same mix. */
export function classOf(i: number, queues: number): JobClass {
  let place = Math.floor(i / queues) % 10;
  return CLASSES.find(({ of }) => (place -= of) < 0)!;
}

export const runMsOf = (gpus: number): number => CLASSES.find((each) => each.gpus === gpus)!.runMs;

export const queueNames = (queues: number): string[] => Array.from({ length: queues }, (_, i) => `q${i}`);

/** The i-th job as a person submits it. */
export const submission = (i: number, queues: number) => ({
  kind: 'pretrain',
  name: `run-${i}`,
  recipe: 'decoupled-optim',
  size: 'tiny',
  corpus: 's3://corpora/village',
  output: `s3://models/run-${i}`,
  schedule: { maxSteps: 400, warmupSteps: 40, batchSize: 32, sequenceLength: 32 },
  seed: i,
  retries: 0,
  resources: { queue: `q${i % queues}`, gpus: classOf(i, queues).gpus },
});

/** A job of so many pods, one GPU each. */
export const ofPods = (i: number, hosts: number) => ({
  ...submission(i, 1),
  resources: { queue: 'q0', gpus: 1, hosts, cpus: 1, memoryGiB: 1, sharedMemoryGiB: 0.25 },
});

/** The spec of the object that the service makes of a submitted job. */
export const specOfObject = (submitted: object): TrainingJobSpec =>
  asTrainingJobSpec(parseDocument(SubmittedSpec, submitted, 'spec') as WorkSpec);

/** Of the i-th. */
export const objectSpec = (i: number, queues: number): TrainingJobSpec => specOfObject(submission(i, queues));
