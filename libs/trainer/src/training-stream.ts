import { UserError, type ResolvedPretrain } from '@orestes/contracts';
import type { PretrainBatch, PretrainCorpus } from './train-context.js';

/** The run's batches from a position on: a function of the spec, the corpus and the position alone. */
export function trainingStream(
  spec: ResolvedPretrain,
  corpus: PretrainCorpus,
  samples: number,
): AsyncIterable<PretrainBatch> {
  const { batchSize, sequenceLength } = spec.schedule;
  return corpus.stream({
    split: 'train',
    seed: spec.seed,
    masking: spec.objective.masking,
    batchSize,
    sequenceLength,
    samples,
  });
}

/** @throws UserError CORPUS_TOO_SMALL */
export function assertLargeEnough(spec: ResolvedPretrain, corpus: PretrainCorpus): void {
  const { batchSize } = spec.schedule;
  const needs = { train: batchSize, validation: 1 };
  for (const [split, least] of Object.entries(needs) as ['train' | 'validation', number][]) {
    const sequences = corpus.sequences(split);
    if (sequences < least)
      throw new UserError(
        'CORPUS_TOO_SMALL',
        `spec.corpus: ${spec.corpus} has ${sequences} ${split} sequences (at least ${least} are needed${split === 'train' ? ', schedule.batchSize' : ''})`,
      );
  }
}
