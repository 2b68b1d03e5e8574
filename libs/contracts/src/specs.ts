import { z } from 'zod';
import { Models, Objective, Optimizer, Optimizers, Schedule } from './model.js';
import { overrides } from './overrides.js';
import { Resources } from './resources.js';

export const Name = z
  .string()
  .regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/, 'lower-case letters, digits and dashes, 1 to 63 characters');
export const Location = z
  .string()
  .min(1)
  .max(2048)
  .refine((s) => !/[\0\p{Surrogate}]/u.test(s), 'no path, file:// or s3:// address has such characters');
export const Seed = z.int().min(0).max(0xffffffff).default(1);
const batchSize = z.int().min(1).max(4096).default(32);

export const EngineOptions = z.strictObject({
  name: z
    .enum(['xla', 'tfjs-node', 'tfjs-node-gpu', 'wasm', 'cpu'])
    .default('xla')
    .describe('What computes: XLA, or one of the backends of tfjs ([engines](engines.md)).'),
  device: z.enum(['cpu', 'cuda']).default('cpu').describe('`xla` only.'),
  devices: z.int().min(1).max(64).default(1).describe('Data parallel over so many devices of this host (`xla` only).'),
  precision: z
    .enum(['f32', 'bf16'])
    .default('f32')
    .describe('`bf16`: matrix products take bfloat16 inputs and give float32 (`xla` only).'),
  remat: z
    .boolean()
    .default(false)
    .describe("Compute each layer's activations again in the backward pass: less memory."),
});

/** What the service reads of a job, beside its science. */
export const Scheduling = {
  labels: z
    .record(
      z
        .string()
        .regex(/^[A-Za-z0-9]([A-Za-z0-9._/-]{0,61}[A-Za-z0-9])?$/, '1 to 63 of A-Z, a-z, 0-9 and . _ / - between'),
      z
        .string()
        .max(63)
        .regex(/^[^\p{C}]*$/u, 'at most 63 characters that print'),
    )
    .refine((labels) => Object.keys(labels).length <= 32, 'at most 32 labels')
    .default({})
    .describe('Names and values to find the job by. The service alone reads this and the next four.'),
  priority: z
    .int()
    .min(-1000)
    .max(1000)
    .default(0)
    .describe('Jobs of a higher priority start first; under Kueue by its priority classes.'),
  retries: z
    .int()
    .min(0)
    .max(100)
    .default(3)
    .describe('Times that a crashed worker is started again, from the last checkpoint.'),
  reuse: z
    .boolean()
    .default(true)
    .describe('Whether the result of a job with the same recipe hash may stand for this one, if `output` is left out.'),
  resources: Resources.prefault({}),
};

const common = {
  name: Name.describe('What the job is called in reports.'),
  seed: Seed.describe('Of initial values, order, masks, dropout and samples: the same seed gives the same bits.'),
  output: Location.describe('Where everything is written: a folder or an s3:// address.'),
  engine: EngineOptions.prefault({}),
  ...Scheduling,
};
const cadence = (d: number) => z.int().min(1).default(d);

/** Text -> tokens -> packed sequences -> MDS shards. */
export const CorpusSpec = z.strictObject({
  kind: z.literal('corpus').describe('Text to tokens to packed sequences to MDS shards.'),
  name: common.name,
  seed: Seed.describe('Nothing in a corpus is random: it changes nothing.'),
  output: common.output,
  ...Scheduling,
  input: z
    .array(Location)
    .min(1)
    .max(100_000)
    .describe('Text files: .txt (a blank line ends a document) or .jsonl (field `text`), each also .gz or .zst.'),
  tokenizer: z.union([
    z.strictObject({ path: Location.describe('A Hugging Face tokenizer.json.') }).describe('a tokenizer that there is'),
    z
      .strictObject({
        train: z.strictObject({
          vocabularySize: z
            .int()
            .min(300)
            .max(1_000_000)
            .describe('Tokens at most, special tokens and bytes included.'),
        }),
      })
      .describe('a byte-level BPE that is learned from the input'),
  ]),
  sequenceLength: z
    .int()
    .min(8)
    .max(65536)
    .default(128)
    .describe('Tokens in a packed sequence at most, special tokens included. No sequence joins documents.'),
  validationEvery: z
    .int()
    .min(2)
    .max(1_000_000)
    .default(50)
    .describe('Every n-th document goes to the validation split.'),
  shardBytes: z
    .int()
    .min(1 << 12)
    .max(1 << 30)
    .default(1 << 26)
    .describe('Size of a shard at most, before compression.'),
  compression: z.enum(['none', 'zstd']).default('none').describe('Of the shards.'),
});

export const PretrainSpec = z.strictObject({
  kind: z.literal('pretrain').describe('A corpus to a generator and a discriminator, or to one encoder.'),
  ...common,
  recipe: z
    .enum(['decoupled-optim', 'electra', 'roberta'])
    .describe('Gives every value of `model`, `objective`, `optimizers` and `schedule` that the spec leaves out.'),
  size: z.enum(['tiny', 'base', 'large']).describe("Which of the recipe's sizes."),
  corpus: Location.describe('The output of a corpus job, or a folder of MDS shards with a tokenizer.json.'),
  model: overrides(Models).prefault({}),
  objective: overrides(Objective).prefault({}),
  optimizers: overrides(Optimizers).prefault({}),
  schedule: overrides(Schedule).prefault({}),
  checkpoint: z
    .strictObject({
      everySteps: cadence(1000).describe('Steps from one checkpoint to the next; the last step has one, too.'),
      keep: z.int().min(1).max(1000).default(3).describe('The newest so many stay.'),
    })
    .prefault({}),
  log: z
    .strictObject({ everySteps: cadence(10).describe('Steps from one training line of metrics.jsonl to the next.') })
    .prefault({}),
  evaluation: z
    .strictObject({
      everySteps: cadence(1000).describe('Steps from one evaluation on the validation split to the next.'),
      batches: z.int().min(1).max(10_000).default(8).describe('Batches of `schedule.batchSize` sequences each time.'),
    })
    .prefault({}),
});

export const GlueTask = z.enum(['cola', 'sst2', 'mrpc', 'qqp', 'stsb', 'mnli', 'qnli', 'rte', 'wnli']);

/** By header or field name, or by 1-based number. */
const column = z.union([
  z
    .string()
    .min(1)
    .refine((s) => !/\p{Surrogate}/u.test(s), 'unpaired surrogates name no column'),
  z.int().min(1),
]);

export const OwnTask = z
  .strictObject({
    name: Name.describe('What the task is called in the results.'),
    format: z.enum(['tsv', 'jsonl']).describe('Tabs and no quoting, or one JSON object a line.'),
    train: Location.describe('The file of training rows.'),
    validation: Location.describe('The file that every epoch is measured on.'),
    type: z.enum(['classification', 'regression']).describe('Whether labels are classes or scores.'),
    text: z
      .array(column)
      .min(1)
      .max(2)
      .describe('One column, or two for a sentence pair. TSV: by header name or 1-based number; JSONL: by field name.'),
    label: column.describe('The column of the class or the score.'),
    header: z.boolean().default(true).describe('TSV: whether line 1 names the columns.'),
  })
  .describe("a task of the user's own");

export const FinetuneSpec = z.strictObject({
  kind: z.literal('finetune').describe('A pretrained encoder to a classifier or a regression.'),
  ...common,
  checkpoint: Location.describe("A pretraining run's output, which means its newest checkpoint, or one checkpoint."),
  weights: z
    .enum(['pretrained', 'random'])
    .default('pretrained')
    .describe('`random`: the same architecture and tokenizer from random weights, the baseline.'),
  task: z.union([
    z
      .strictObject({
        glue: GlueTask.describe('Which task.'),
        data: Location.describe("The folder of its official files (train.tsv, dev.tsv or MNLI's two)."),
      })
      .describe('a GLUE task'),
    OwnTask,
  ]),
  optimizer: overrides(Optimizer).prefault({}),
  schedule: z
    .strictObject({
      epochs: z.int().min(1).max(1000).default(3).describe('Times round the training rows.'),
      batchSize: batchSize.describe('Rows an update.'),
      maxLength: z
        .int()
        .min(8)
        .max(4096)
        .default(128)
        .describe('Tokens, special tokens included; what is longer is cut, the longer text of a pair first.'),
      warmupProportion: z.number().min(0).max(1).default(0.06).describe('Share of all updates spent warming up.'),
    })
    .prefault({}),
  dropout: z.number().min(0).lt(1).default(0.1).describe('Of the encoder (attention included) and the classifier.'),
});

/** RTD of a discriminator against a frozen standalone generator (paper, appendix D). */
export const EvaluateSpec = z.strictObject({
  kind: z.literal('evaluate').describe('Replaced token detection of a discriminator against a frozen generator.'),
  ...common,
  discriminator: Location.describe('A run, or a checkpoint, with a discriminator.'),
  generator: Location.describe('A run, or a checkpoint, with a generator or an MLM encoder; its own masking is used.'),
  corpus: Location.describe('Its validation split is measured; tokenized as both were.'),
  batches: z.int().min(1).max(100_000).default(32).describe('Batches at most.'),
  batchSize: batchSize.describe('Sequences a batch.'),
});

/** Any job spec. */
export const JobSpec = z.discriminatedUnion('kind', [CorpusSpec, PretrainSpec, FinetuneSpec, EvaluateSpec]);

/** A pretraining spec with its recipe filled in: the run's scientific identity. */
export const ResolvedPretrain = z.strictObject({
  ...PretrainSpec.shape,
  model: Models,
  objective: Objective,
  optimizers: Optimizers,
  schedule: Schedule,
});

export type EngineOptions = z.infer<typeof EngineOptions>;
export type CorpusSpec = z.infer<typeof CorpusSpec>;
export type PretrainSpec = z.infer<typeof PretrainSpec>;
export type FinetuneSpec = z.infer<typeof FinetuneSpec>;
export type EvaluateSpec = z.infer<typeof EvaluateSpec>;
export type JobSpec = z.infer<typeof JobSpec>;
export type ResolvedPretrain = z.infer<typeof ResolvedPretrain>;
export type GlueTask = z.infer<typeof GlueTask>;
export type OwnTask = z.infer<typeof OwnTask>;
