import { openCorpus } from '@orestes/corpus';
import type { PretrainCorpus } from '@orestes/trainer';

/** A corpus as the trainer sees it: training goes round for ever, validation once. */
export async function openPretrainCorpus(address: string): Promise<PretrainCorpus> {
  const corpus = await openCorpus(address);
  return {
    digest: corpus.digest,
    vocabularySize: corpus.vocabularySize,
    tokenizerJson: new TextDecoder().decode(corpus.tokenizerJson),
    sequences: (split) => corpus.sequences(split),
    selections: (masking, sequenceLength) => corpus.selections(masking, sequenceLength),
    stream: ({ samples, ...request }) =>
      corpus.stream({ ...request, position: samples, repeat: request.split === 'train' }),
  };
}
