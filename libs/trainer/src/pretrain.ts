import { OrestesError, parseDocument, PretrainResult, type ResolvedPretrain } from '@orestes/contracts';
import type { DeviceState, HostArrays, Program } from '@orestes/engine';
import { assertFinite, strongGenerator } from './divergence.js';
import { heldOut, rowsOf } from './held-out.js';
import { initialState } from './initial-state.js';
import { MetricsLog } from './metrics-log.js';
import { stateSharding } from './optimizers/group.js';
import type { Compilable } from './forward-step.js';
import { pretrainStep, scalarsOf, type PretrainProgram } from './pretrain-step.js';
import { plan } from './plan.js';
import { recipeHash } from './recipes/resolve.js';
import { RunCheckpoints, type Position } from './run-checkpoints.js';
import { Stopwatch } from './stopwatch.js';
import type { PretrainBatch, PretrainCorpus, RunIdentity, TrainContext } from './train-context.js';
import { trainValues } from './train-values.js';
import { assertLargeEnough, trainingStream } from './training-stream.js';

/**
 * Pretrains to `schedule.maxSteps`, from the newest checkpoint in the run's output if there is one. Writes metrics.jsonl,
 * checkpoints and, at the end, result.json.
 * @throws OrestesError DIVERGED, INTERRUPTED; UserError CHECKPOINT_OTHER_RUN, CORPUS_TOO_SMALL
 */
export async function pretrain(spec: ResolvedPretrain, ctx: TrainContext): Promise<PretrainResult> {
  assertLargeEnough(spec, ctx.corpus);
  const selections = ctx.corpus.selections(spec.objective.masking, spec.schedule.sequenceLength);
  const program = pretrainStep(spec, { vocabularySize: ctx.corpus.vocabularySize, selections });
  const known = await ctx.known?.(identityOf(spec, ctx.corpus));
  if (known) return parseDocument(PretrainResult, known, 'result');
  const checkpoints = new RunCheckpoints(ctx.store, spec, program, ctx.corpus, ctx.report);
  const restored = await checkpoints.restore();
  if (restored) ctx.report({ kind: 'resumed', step: restored.step, checkpoint: restored.address });
  const log = await MetricsLog.open(ctx.store, restored?.step ?? null, (r) => ctx.report({ kind: 'metric', ...r }));
  const step = await compiled('pretraining step', program, spec, ctx);
  const evaluation = await compiled('held-out evaluation', program.evaluation, spec, ctx);
  const state = restored
    ? ctx.engine.upload(restored.arrays, program.state, stateSharding)
    : await initialState(spec, program, ctx);
  try {
    const run = new PretrainRun(spec, ctx, program, { step, evaluation }, state, checkpoints, log);
    return await run.finish({ step: restored?.step ?? 0, samples: restored?.samples ?? 0 }, restored?.address ?? null);
  } finally {
    state.dispose();
    step.dispose();
    evaluation.dispose();
  }
}

function identityOf(spec: ResolvedPretrain, { digest, vocabularySize }: PretrainCorpus): RunIdentity {
  return {
    recipeHash: recipeHash(spec, digest),
    experiment: recipeHash({ ...spec, seed: 0 }, digest),
    base: null,
    flops: plan(spec, vocabularySize).flops.total,
    corpus: digest,
  };
}

async function compiled(
  name: string,
  program: Compilable,
  spec: ResolvedPretrain,
  ctx: TrainContext,
): Promise<Program> {
  const { precision } = spec.engine;
  const ready = await ctx.engine.compile(program.step, program, {
    name,
    precision,
    stateSharding,
    replicatedBatch: ['key'],
  });
  const { traceMs, compileMs, cached, matmulFlops } = ready.statistics;
  ctx.report({ kind: 'compiled', program: name, seconds: (traceMs + compileMs) / 1000, cached, flops: matmulFlops });
  return ready;
}

/** A run between its start, or its last checkpoint, and its end. */
class PretrainRun {
  private readonly watch = new Stopwatch();
  /** Address and step of the newest checkpoint. */
  private saved: string | null = null;
  private savedStep = 0;
  private warned = false;

  constructor(
    private readonly spec: ResolvedPretrain,
    private readonly ctx: TrainContext,
    private readonly program: PretrainProgram,
    private readonly compiled: { step: Program; evaluation: Program },
    private readonly state: DeviceState,
    private readonly checkpoints: RunCheckpoints,
    private readonly log: MetricsLog,
  ) {}

  async finish(from: Position, checkpoint: string | null): Promise<PretrainResult> {
    this.saved = checkpoint;
    this.savedStep = from.step;
    if (from.step === 0) await this.evaluate(0);
    const { step, samples } = await this.train(from);
    const result: PretrainResult = {
      kind: 'pretrain',
      steps: step,
      tokens: samples * this.spec.schedule.sequenceLength,
      checkpoint: this.saved!,
      ...this.log.heldOut(),
    };
    await this.ctx.store.put('result.json', new TextEncoder().encode(`${JSON.stringify(result, null, 2)}\n`));
    return result;
  }

  /** Steps until the last one; every cadence counts steps since the run's beginning. */
  private async train(from: Position): Promise<Position> {
    const { maxSteps } = this.spec.schedule;
    let position = from;
    await this.stopIfAsked(position);
    if (position.step >= maxSteps) return position;
    this.watch.start();
    for await (const batch of trainingStream(this.spec, this.ctx.corpus, position.samples)) {
      position = await this.step(batch, position.step + 1);
      const due = (cadence: { everySteps: number }) =>
        position.step % cadence.everySteps === 0 || position.step === maxSteps;
      if (due(this.spec.evaluation)) await this.evaluate(position.step);
      if (due(this.spec.checkpoint)) await this.save(position);
      if (position.step === maxSteps) break;
      await this.stopIfAsked(position);
      this.watch.start();
    }
    return position;
  }

  private async step(batch: PretrainBatch, step: number): Promise<Position> {
    const { spec, program } = this;
    this.watch.dataReady();
    const outputs = await this.compiled.step.run(this.state, {
      ...rowsOf(batch),
      ...scalarsOf(spec, program.groups, step),
    });
    this.watch.stop();
    await this.record(batch, outputs, step);
    return { step, samples: batch.samples };
  }

  /** Logs a step where the cadence asks for it, and in any case the one that diverges. */
  private async record(batch: PretrainBatch, outputs: HostArrays, step: number): Promise<void> {
    const { spec, ctx, watch } = this;
    const { maxSteps, batchSize, sequenceLength } = spec.schedule;
    const tokensPerSecond = watch.perSecond(batchSize * sequenceLength);
    const diverged = outputs['finite']![0] !== 1;
    if (diverged || step % spec.log.everySteps === 0 || step === maxSteps || step === 1) {
      const values = trainValues(spec, this.program.groups, batch, outputs, step);
      await this.log.add('train', step, {
        ...values,
        tokens_per_second: tokensPerSecond,
        data_wait: watch.waitShare(),
      });
    }
    if (diverged) await this.log.flush();
    assertFinite(
      outputs,
      step,
      this.saved ? `the last good checkpoint is ${this.saved}` : 'there is no checkpoint yet',
    );
    const losses = ['mlm_loss', 'rtd_loss', 'replaced_rate'].filter((name) => outputs[name]);
    const values = Object.fromEntries(losses.map((name) => [name, outputs[name]![0]!]));
    ctx.report({
      kind: 'progress',
      step,
      maxSteps,
      values,
      tokensPerSecond,
      etaSeconds: watch.secondsFor(maxSteps - step),
    });
    this.warnOfStrongGenerator(values['replaced_rate'], step);
  }

  private warnOfStrongGenerator(rate: number | undefined, step: number): void {
    const message = strongGenerator(rate, step);
    if (this.warned || message === null) return;
    this.warned = true;
    this.ctx.report({ kind: 'warning', code: 'LOW_REPLACED_RATE', message });
  }

  private async evaluate(step: number): Promise<void> {
    const values = await heldOut(this.spec, this.ctx.corpus, this.compiled.evaluation, this.state);
    await this.log.add('validation', step, values);
    this.ctx.report({ kind: 'evaluation', step, values });
  }

  /** Metrics first: the checkpoint's manifest commits both. */
  private async save(position: Position): Promise<void> {
    await this.log.flush();
    this.saved = (await this.checkpoints.save(position, this.state)).address;
    this.savedStep = position.step;
  }

  /** @throws OrestesError INTERRUPTED */
  private async stopIfAsked(position: Position): Promise<void> {
    if (!this.ctx.signal.aborted) return;
    const { maxSteps } = this.spec.schedule;
    if (position.step > this.savedStep) await this.save(position);
    throw new OrestesError(
      'INTERRUPTED',
      `stopped after step ${position.step} of ${maxSteps}; ${this.saved ? `the same spec goes on from ${this.saved}` : 'nothing is saved yet'}`,
    );
  }
}
