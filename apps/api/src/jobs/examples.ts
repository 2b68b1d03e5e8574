/** Specs that /openapi.json shows. */
export const examples = {
  corpus: {
    kind: 'corpus',
    name: 'village',
    input: ['examples/data/village.txt'],
    tokenizer: { train: { vocabularySize: 1000 } },
    sequenceLength: 32,
    validationEvery: 10,
  },
  pretrain: {
    kind: 'pretrain',
    name: 'village-tiny',
    recipe: 'decoupled-optim',
    size: 'tiny',
    corpus: 's3://corpora/village',
    schedule: { maxSteps: 400, warmupSteps: 40, batchSize: 32, sequenceLength: 32 },
    labels: { team: 'nlp' },
  },
  pipeline: {
    kind: 'pipeline',
    name: 'village',
    corpus: {
      input: ['examples/data/village.txt'],
      tokenizer: { train: { vocabularySize: 1000 } },
      sequenceLength: 32,
    },
    pretrain: {
      recipe: 'decoupled-optim',
      size: 'tiny',
      schedule: { maxSteps: 400, warmupSteps: 40, batchSize: 32, sequenceLength: 32 },
    },
    finetune: { tasks: [{ task: { glue: 'cola', data: 'data/CoLA' } }], seeds: [1, 2, 3] },
  },
  sweep: {
    kind: 'sweep',
    name: 'eta-g',
    base: { kind: 'pretrain', recipe: 'decoupled-optim', size: 'tiny', corpus: 's3://corpora/village' },
    grid: { 'optimizers.generator.peakLearningRate': [0.0001, 0.001] },
    seeds: [1, 2, 3],
  },
};
