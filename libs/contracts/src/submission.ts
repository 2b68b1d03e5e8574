import { z } from 'zod';
import {
  CorpusSpec,
  EngineOptions,
  EvaluateSpec,
  FinetuneSpec,
  Location,
  Name,
  PretrainSpec,
  Scheduling,
  Seed,
} from './specs.js';

const output = Location.optional().describe('Where everything is written; left out: a folder of the service.');

/** A job that a worker runs, as it is submitted: the service may choose its output. */
export const submitted = {
  corpus: CorpusSpec.extend({ output }),
  pretrain: PretrainSpec.extend({ output }),
  finetune: FinetuneSpec.extend({ output }),
  evaluate: EvaluateSpec.extend({ output }),
};

/** Names of children are the parent's and a few words more. */
const parentName = Name.max(40);

const seeds = z.array(Seed.unwrap()).min(1).max(100);

/** Fields that a pipeline gives to its children itself. */
const given = {
  kind: true,
  name: true,
  seed: true,
  output: true,
  labels: true,
  priority: true,
  retries: true,
  reuse: true,
  resources: true,
} as const;

const PipelineFinetune = z.strictObject({
  tasks: z
    .array(FinetuneSpec.omit({ ...given, checkpoint: true, weights: true, engine: true }))
    .min(1)
    .max(50)
    .describe('Each a fine-tuning spec: `task`, `optimizer`, `schedule`, `dropout`.'),
  seeds: seeds.default([1, 2, 3]).describe('Each task is fine-tuned once a seed.'),
  weights: z
    .array(FinetuneSpec.shape.weights.unwrap())
    .min(1)
    .max(2)
    .default(['pretrained'])
    .describe('`random` adds the baseline: the same architecture from random weights.'),
});

/** Corpus -> pretraining -> fine-tuning on tasks x seeds -> scores. Its jobs are jobs of their own. */
export const PipelineSpec = z.strictObject({
  kind: z.literal('pipeline').describe('Corpus to pretraining to fine-tuning on tasks x seeds, each a job of its own.'),
  name: parentName.describe("What the job is called; its children's names begin with it."),
  seed: Seed.describe("Pretraining's."),
  engine: EngineOptions.prefault({}),
  ...Scheduling,
  corpus: z
    .union([Location.describe('a corpus that there is'), CorpusSpec.omit(given).describe('a corpus that is built')])
    .describe("An address, or a corpus spec's `input`, `tokenizer`, `sequenceLength` ..."),
  pretrain: PretrainSpec.omit({ ...given, corpus: true, engine: true }).describe(
    'A pretraining spec, less what the pipeline gives.',
  ),
  finetune: PipelineFinetune.optional().describe('Left out: the pipeline ends with pretraining.'),
});

const Base = z.discriminatedUnion('kind', [submitted.pretrain, submitted.finetune, submitted.evaluate, PipelineSpec]);

/** Children that one submission may have. */
export const MOST_CHILDREN = 1000;

/** One job for each point of a grid and each seed. */
export const SweepSpec = z.strictObject({
  kind: z.literal('sweep').describe('One job for each point of a grid and each seed.'),
  name: parentName.max(32).describe("What the job is called; its children's names begin with it."),
  ...Scheduling,
  base: z
    .record(z.string(), z.unknown())
    .describe('A pretrain, finetune, evaluate or pipeline spec without `name`; what every job has.'),
  grid: z
    .record(z.string().min(1).max(200), z.array(z.unknown()).min(1).max(1000))
    .default({})
    .describe('Path of a field -> its values, for example `optimizers.generator.peakLearningRate: [1e-4, 1e-3]`.'),
  seeds: seeds.optional().describe("Every point once a seed; left out: the base's own."),
});

/** What POST /jobs takes. */
export const SubmittedSpec = z.discriminatedUnion('kind', [
  submitted.corpus,
  submitted.pretrain,
  submitted.finetune,
  submitted.evaluate,
  SweepSpec,
  PipelineSpec,
]);

/** What a child of a sweep may be. */
export const SweepBase = Base;

export type SubmittedSpec = z.infer<typeof SubmittedSpec>;
export type JobKind = SubmittedSpec['kind'];
export type PipelineSpec = z.infer<typeof PipelineSpec>;
export type SweepSpec = z.infer<typeof SweepSpec>;
/** A submitted spec that a worker runs. */
export type WorkSpec = Exclude<SubmittedSpec, { kind: 'sweep' | 'pipeline' }>;
/** As it was given: what has a default may be left out. */
export type GivenWorkSpec = Exclude<z.input<typeof SubmittedSpec>, { kind: 'sweep' | 'pipeline' }>;
