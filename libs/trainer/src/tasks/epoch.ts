import { OrestesError } from '@orestes/contracts';
import type { MetricsLog } from '../metrics-log.js';
import { learningRate } from '../optimizers/schedule.js';
import { Stopwatch } from '../stopwatch.js';
import { trainBatches, type Batch } from './batches.js';
import type { FinetuneContext } from './context.js';
import type { Scored } from './measure.js';
import type { Prepared } from './prepare.js';

/** Updates between two reports. */
const REPORT_EVERY = 10;

/** The batches of an epoch, from 1. */
export const epochBatches = ({ spec, train }: Pick<Prepared, 'spec' | 'train'>, epoch: number): Batch[] =>
  trainBatches(
    train.map((e) => e.tokens.length),
    { ...spec.schedule, seed: spec.seed, epoch },
  );

/**
 * Trains one epoch, from 1.
 * @returns mean loss over its examples, with dropout
 * @throws OrestesError DIVERGED, INTERRUPTED
 */
export async function trainEpoch(p: Prepared, epoch: number, log: MetricsLog, ctx: FinetuneContext): Promise<number> {
  const { schedule, train, training, spec } = p;
  const watch = new Stopwatch();
  const perStep = tokensPerStep(p);
  let [step, sum] = [(epoch - 1) * schedule.stepsPerEpoch, 0];
  for (const batch of epochBatches(p, epoch)) {
    if (ctx.signal.aborted) throw interrupted(epoch);
    step++;
    watch.start();
    const { loss, gradientNorm } = await training.step(train, batch, step);
    watch.stop();
    sum += loss * batch.examples.length;
    if (step % REPORT_EVERY !== 0 && step !== epoch * schedule.stepsPerEpoch) continue;
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
  return sum / train.length;
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

function interrupted(epoch: number): OrestesError {
  const kept = epoch === 1 ? 'nothing is saved yet' : `saved after epoch ${epoch - 1}`;
  return new OrestesError('INTERRUPTED', `interrupted in epoch ${epoch}; ${kept}: the same spec goes on from there`);
}
