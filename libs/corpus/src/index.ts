export { buildCorpus, type BuildOptions, type BuildProgress } from './build/build.js';
export { Corpus, openCorpus } from './open.js';
export { NO_SAMPLE, type PretrainBatch } from './stream/batch.js';
export { maxSelections } from './stream/masking.js';
export type { StreamOptions } from './stream/plan.js';
export type { BatchStream } from './stream/stream.js';
export { openTokenizer, type Tokenizer } from './tokenizer/tokenizer.js';
