import { sha256, UserError } from '@orestes/contracts';
import { openTokenizer, type Tokenizer } from '@orestes/corpus';
import type { ProgramStatistics } from '@orestes/engine';
import { classifierParameters, encoderParameters, type ParameterSpecs } from '../model/parameters.js';
import { assertCoverOnce } from '../optimizers/groups.js';
import { readBase, type BaseModel } from './base.js';
import type { EncodedExample } from './batches.js';
import type { FinetuneContext } from './context.js';
import { encodeExamples } from './encode.js';
import { readTaskFile } from './files.js';
import { outputCount } from './measure.js';
import type { RunOfCheckpoints } from './progress.js';
import { finetuneHash, scheduleSteps, taskOf, type ResolvedFinetune } from './resolve.js';
import { loadTask, type Example, type LoadedTask } from './task.js';
import type { RunIdentity } from '../train-context.js';
import { Training } from './training.js';

/** Everything that fine-tuning needs before its first update. */
export interface Prepared {
  spec: ResolvedFinetune;
  base: BaseModel;
  task: LoadedTask;
  schedule: ReturnType<typeof scheduleSteps>;
  train: EncodedExample[];
  /** In the order of the task's sets. */
  validation: EncodedExample[][];
  parameters: ParameterSpecs;
  training: Training;
  run: RunOfCheckpoints;
  identity: RunIdentity;
}

/** Reads checkpoint and files, tells of dropped rows, encodes the texts and sets up the classifier. */
export async function prepare(spec: ResolvedFinetune, ctx: FinetuneContext): Promise<Prepared> {
  const base = await readBase(spec.checkpoint, spec.weights);
  checkLength(spec, base);
  const { task, digests } = await readTask(spec);
  for (const { file, rows } of task.dropped)
    if (rows.count > 0) ctx.report({ kind: 'warning', code: 'ROWS_DROPPED', message: `${file}: ${rows.describe()}` });
  const tokenizer = fittingTokenizer(spec.checkpoint, base);
  const encode = (examples: readonly Example[]) =>
    encodeExamples(examples, tokenizer, { ...task, maxLength: spec.schedule.maxLength });
  const schedule = scheduleSteps(spec.schedule, task.train.length);
  const content = { base: base.identity, files: digests };
  const recipeHash = finetuneHash(spec, content);
  const experiment = finetuneHash({ ...spec, seed: 0 }, content);
  const { prefix, config, vocabularySize, tokenizerJson } = base;
  return {
    spec,
    base,
    task,
    schedule,
    train: await encode(task.train),
    validation: await Promise.all(task.validation.map((v) => encode(v.examples))),
    ...setUp(spec, base, task, ctx, { ...schedule, padding: tokenizer.special.pad }),
    run: { recipeHash, spec: { ...spec }, encoders: { [prefix]: config }, vocabularySize, tokenizerJson },
    identity: { recipeHash, experiment, base: base.recipeHash, flops: null, corpus: null },
  };
}

/** The task's rows, and the digests of their files in the order they were read. */
async function readTask(spec: ResolvedFinetune): Promise<{ task: LoadedTask; digests: string[] }> {
  const digests: string[] = [];
  const task = await loadTask(await taskOf(spec.task), async (location) => {
    const content = await readTaskFile(location);
    digests.push(sha256(content));
    return content;
  });
  return { task, digests };
}

function fittingTokenizer(checkpoint: string, { tokenizerJson, vocabularySize }: BaseModel): Tokenizer {
  const tokenizer = openTokenizer(new TextEncoder().encode(tokenizerJson), `${checkpoint}: tokenizer.json`);
  if (tokenizer.vocabularySize <= vocabularySize) return tokenizer;
  throw new UserError(
    'CHECKPOINT_UNFIT',
    `${checkpoint}: its tokenizer has ${tokenizer.vocabularySize} tokens, its encoder's table ${vocabularySize}`,
  );
}

function checkLength({ schedule }: ResolvedFinetune, { config }: BaseModel): void {
  const positions = config.absolutePositions;
  if (positions !== null && schedule.maxLength > positions)
    throw new UserError(
      'INVALID_SPEC',
      `spec.schedule.maxLength: ${schedule.maxLength} is too large (at most ${positions}, the positions of the checkpoint's encoder)`,
    );
}

function setUp(
  spec: ResolvedFinetune,
  base: BaseModel,
  task: LoadedTask,
  { engine, report }: FinetuneContext,
  schedule: { maxSteps: number; warmupSteps: number; padding: number },
): { parameters: ParameterSpecs; training: Training } {
  const { prefix, vocabularySize } = base;
  const config = { ...base.config, dropout: spec.dropout, attentionDropout: spec.dropout };
  const outputs = outputCount(task);
  const parameters = {
    ...encoderParameters(prefix, config, vocabularySize),
    ...classifierParameters(prefix, config, outputs),
  };
  const group = { name: 'finetune', optimizer: spec.optimizer, parameters: Object.keys(parameters) };
  assertCoverOnce([group], Object.keys(parameters));
  const { remat, precision } = spec.engine;
  const classifier = { prefix, config, outputs, scores: task.labels === null, remat };
  const compiled = (program: string, { traceMs, compileMs, cached, matmulFlops }: ProgramStatistics) =>
    report({ kind: 'compiled', program, seconds: (traceMs + compileMs) / 1000, cached, flops: matmulFlops });
  const options = { ...schedule, ...spec.schedule, seed: spec.seed, precision, compiled };
  return { parameters, training: new Training(engine, classifier, group, parameters, options) };
}
