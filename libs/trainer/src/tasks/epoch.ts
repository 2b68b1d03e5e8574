import type { MetricsLog } from '../metrics-log.js';
import { learningRate } from '../optimizers/schedule.js';
import { Stopwatch } from '../stopwatch.js';
import { trainBatches, type Batch } from './batches.js';
import type { FinetuneContext } from './context.js';
import type { Scored } from './measure.js';
import type { Prepared } from './prepare.js';

/** The batches of an epoch, from 1. */
export const epochBatches = ({ spec, train }: Pick<Prepared, 'spec' | 'train'>, epoch: number): Batch[] =>
  trainBatches(
    train.map((e) => e.tokens.length),
    { ...spec.schedule, seed: spec.seed, epoch },
  );

/**
 * Trains what is left of one epoch.
 * @param epoch from 1
 * @param from updates done, of this epoch or of those before it
 * @param interrupted called between two updates when the run is to stop; throws
 * @returns mean loss over the epoch's examples, with dropout
 * @throws OrestesError DIVERGED, and what `interrupted` throws
 */
export async function trainEpoch(
  p: Prepared,
  epoch: number,
  from: number,
  log: MetricsLog,
  ctx: FinetuneContext,
  interrupted: (step: number) => Promise<never>,
): Promise<number> {
  const { schedule, train, training, spec } = p;
  const watch = new Stopwatch();
  const perStep = tokensPerStep(p);
  const before = (epoch - 1) * schedule.stepsPerEpoch;
  const batches = epochBatches(p, epoch);
  for (let step = from + 1; step <= before + batches.length; step++) {
    if (ctx.signal.aborted) await interrupted(step - 1);
    watch.start();
    const { loss, gradientNorm } = await training.step(train, batches[step - before - 1]!, step);
    watch.stop();
    const learning_rate = learningRate(spec.optimizer.peakLearningRate, schedule, step);
    const values = { loss, grad_norm: gradientNorm, learning_rate, epoch };
    await log.add('train', step, values);
    ctx.report({
      kind: 'progress',
      step,
      maxSteps: schedule.maxSteps,
      values,
      tokensPerSecond: watch.perSecond(perStep),
      etaSeconds: watch.secondsFor(schedule.maxSteps - step),
    });
  }
  const losses = log.records.filter(({ split, values }) => split === 'train' && values['epoch'] === epoch);
  return losses.reduce((sum, { values }, i) => sum + values['loss']! * batches[i]!.examples.length, 0) / train.length;
}

/** The model's outputs on every validation set. @throws OrestesError DIVERGED */
export async function score({ task, validation, training }: Prepared): Promise<Scored[]> {
  const scored: Scored[] = [];
  for (const [i, { set, examples }] of task.validation.entries())
    scored.push({ set, examples, outputs: await training.outputs(validation[i]!) });
  return scored;
}

/** Padding not counted; batches differ in length, so it is the mean that a rate is made of. */
const tokensPerStep = ({ train, schedule }: Prepared): number =>
  train.reduce((sum, e) => sum + e.tokens.length, 0) / schedule.stepsPerEpoch;
