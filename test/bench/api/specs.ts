/** Of the i-th job: common ones, some that one in a hundred has, and one that one in a thousand has. */
function labelsOf(i: number): Record<string, string> {
  return {
    team: i % 2 ? 'language' : 'search',
    study: `s${i % 100}`,
    ...(i % 1000 === 7 && { owner: 'ada' }),
  };
}

/** A pretraining as a person writes it: what is not said is the recipe's. */
export const pretraining = (i: number) => ({
  kind: 'pretrain',
  name: `run-${i % 250}`,
  recipe: 'decoupled-optim',
  size: 'tiny',
  corpus: 's3://corpora/village',
  optimizers: { generator: { peakLearningRate: 1e-4 * (1 + (i % 9)) }, discriminator: { peakLearningRate: 2e-3 } },
  schedule: { maxSteps: 400, warmupSteps: 40, batchSize: 32, sequenceLength: 32 },
  seed: i,
  labels: labelsOf(i),
  priority: i % 10 === 3 ? 5 : 0,
});

/** An evaluation, so that not all jobs are of one kind. */
export const evaluation = (i: number) => ({
  kind: 'evaluate',
  name: `evaluate-${i % 250}`,
  discriminator: 's3://models/a',
  generator: 's3://models/b',
  corpus: 's3://corpora/village',
  labels: labelsOf(i),
});
