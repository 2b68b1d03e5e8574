import { createHash } from 'node:crypto';
import type { ResolvedPretrain } from '@orestes/contracts';
import type { HostArrays } from '@orestes/engine';
import { detection } from './measures.js';
import type { Group } from './optimizers/group.js';
import { learningRate } from './optimizers/schedule.js';
import type { PretrainBatch } from './train-context.js';

/** What is logged of one training step: this step's own values, so that a resumed run logs what the unbroken one does. */
export function trainValues(
  spec: ResolvedPretrain,
  groups: readonly Group[],
  batch: PretrainBatch,
  outputs: HostArrays,
  step: number,
): Record<string, number | null> {
  const scalars = Object.entries(outputs).filter(([name, v]) => v.length === 1 && name !== 'finite');
  const rates = groups.map(({ name, optimizer }) => [
    `learning_rate/${name}`,
    learningRate(optimizer.peakLearningRate, spec.schedule, step),
  ]);
  return {
    ...Object.fromEntries(scalars.map(([name, values]) => [name, values[0]!])),
    ...detectionValues(outputs),
    ...(Object.fromEntries(rates) as Record<string, number>),
    epoch: batch.epoch,
    samples: batch.samples,
    sample_ids: fingerprint(batch.sampleIds),
  };
}

function detectionValues({ rtd_scores: scores, rtd_labels: labels }: HostArrays): Record<string, number | null> {
  if (!scores || !labels) return {};
  const { accuracy, f1, auroc } = detection(scores, labels);
  return { rtd_accuracy: accuracy, rtd_f1: f1, rtd_auroc: auroc };
}

/** First 32 bits of the SHA-256 of the batch's sample numbers: says whether two runs saw the same sequences. */
const fingerprint = (ids: ArrayLike<number>) =>
  createHash('sha256').update(Array.from(ids).join()).digest().readUInt32BE(0);
