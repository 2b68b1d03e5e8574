import { FinetuneResult, OrestesError, parseDocument, type FinetuneSpec } from '@orestes/contracts';
import type { ObjectStore } from '@orestes/storage';
import { MetricsLog } from './metrics-log.js';
import { initialize } from './model/initialize.js';
import type { FinetuneContext } from './tasks/context.js';
import { epochBatches, score, trainEpoch } from './tasks/epoch.js';
import { measure, type Scored } from './tasks/measure.js';
import { predictionsTsv } from './tasks/predictions.js';
import { prepare, type Prepared } from './tasks/prepare.js';
import { restoreProgress, saveProgress } from './tasks/progress.js';
import { resolveFinetune } from './tasks/resolve.js';

/**
 * Fine-tunes the main encoder of a checkpoint on a task, with an evaluation and a checkpoint after each epoch, and a checkpoint
 * where it is interrupted. The same spec goes on after the last one, to the same bits. Writes to the output: metrics.jsonl
 * and checkpoints as it runs; then dropped.tsv where rows were dropped, predictions.tsv, task.json and, last, result.json.
 * @throws UserError about the spec, the files or the checkpoint, CHECKPOINT_OTHER_RUN; OrestesError DIVERGED, INTERRUPTED
 */
export async function finetune(spec: FinetuneSpec, ctx: FinetuneContext): Promise<FinetuneResult> {
  const prepared = await prepare(resolveFinetune(spec), ctx);
  const { training, schedule, task, run } = prepared;
  try {
    const known = await ctx.known?.(prepared.identity);
    if (known) return parseDocument(FinetuneResult, known, 'result');
    const done = await startState(prepared, ctx);
    const log = await MetricsLog.open(ctx.store, done === 0 ? null : done, (r) => ctx.report({ kind: 'metric', ...r }));
    const save = async (step: number) => {
      await log.flush();
      await saveProgress(ctx, run, { step, arrays: await training.download() }, sizesAfter(prepared, step));
    };
    const interrupted = async (step: number): Promise<never> => {
      if (step > done && step % schedule.stepsPerEpoch !== 0) await save(step);
      const kept = step === 0 ? 'nothing is saved yet' : 'saved: the same spec goes on from there';
      throw new OrestesError('INTERRUPTED', `stopped after step ${step} of ${schedule.maxSteps}; ${kept}`);
    };
    let scored: Scored[] | null = null;
    for (let epoch = 1 + Math.floor(done / schedule.stepsPerEpoch); epoch <= spec.schedule.epochs; epoch++) {
      const from = Math.max(done, (epoch - 1) * schedule.stepsPerEpoch);
      const train_loss = await trainEpoch(prepared, epoch, from, log, ctx, interrupted);
      scored = await score(prepared);
      const values = { ...measure(task, scored), train_loss };
      const step = epoch * schedule.stepsPerEpoch;
      await log.add('validation', step, values);
      await save(step);
      ctx.report({ kind: 'evaluation', step, values: { epoch, ...values } });
    }
    return await writeResult(prepared, epochsOf(log), scored ?? (await score(prepared)), ctx.store);
  } finally {
    training.dispose();
  }
}

/** Restores an earlier attempt, or sets initial values. @returns updates done */
async function startState(prepared: Prepared, ctx: FinetuneContext): Promise<number> {
  const { run, training, base, parameters, spec, train } = prepared;
  const progress = await restoreProgress(ctx, run, training.specs);
  if (progress) {
    training.load(progress.arrays);
    return progress.step;
  }
  training.load({ ...initialize(parameters, spec.seed), ...base.values });
  const random = base.values === null;
  if (random && base.config.admin === 'profiled') await training.profile(train, epochBatches(prepared, 1)[0]!);
  return 0;
}

/** Examples seen after an update; one batch of an epoch may be smaller than the others. */
function sizesAfter(prepared: Prepared, step: number) {
  const { train, training, schedule } = prepared;
  const epochs = Math.floor(step / schedule.stepsPerEpoch);
  const begun = epochBatches(prepared, epochs + 1).slice(0, step % schedule.stepsPerEpoch);
  const samples = begun.reduce((sum, { examples }) => sum + examples.length, epochs * train.length);
  return { samples, specs: training.specs };
}

/** Measures by epoch. */
function epochsOf(log: MetricsLog): FinetuneResult['epochs'] {
  const validation = log.records.filter((record) => record.split === 'validation');
  return validation.map(({ values }) =>
    Object.fromEntries(Object.entries(values).filter((e): e is [string, number] => e[1] !== null)),
  );
}

function droppedTsv({ dropped }: Prepared['task']): string {
  const lines = dropped.flatMap(({ file, rows }) =>
    rows.all.map(({ line, reason }) => `${file}\t${line}\t${reason}\n`),
  );
  return `file\tline\treason\n${lines.join('')}`;
}

/** Writes the rows that were dropped, the predictions, what the model's outputs mean, and the result. */
async function writeResult(
  { spec, task }: Prepared,
  epochs: FinetuneResult['epochs'],
  scored: readonly Scored[],
  store: ObjectStore,
): Promise<FinetuneResult> {
  const [name] = task.metrics;
  const values = epochs.map((epoch) => epoch[name]!);
  const result: FinetuneResult = {
    kind: 'finetune',
    task: task.name,
    seed: spec.seed,
    weights: spec.weights,
    epochs,
    metric: { name, last: values.at(-1)!, best: Math.max(...values) },
    droppedRows: task.dropped.reduce((sum, { rows }) => sum + rows.count, 0),
  };
  const { labels, shift, scale } = task;
  const put = (key: string, text: string) => store.put(key, new TextEncoder().encode(text));
  if (result.droppedRows > 0) await put('dropped.tsv', droppedTsv(task));
  await put('predictions.tsv', predictionsTsv(task, scored));
  await put('task.json', `${JSON.stringify({ name: task.name, labels, shift, scale }, null, 2)}\n`);
  await put('result.json', `${JSON.stringify(result, null, 2)}\n`);
  return result;
}
