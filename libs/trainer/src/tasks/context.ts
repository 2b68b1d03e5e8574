import type { TrainContext } from '../train-context.js';

/** What the outside gives to fine-tuning. An aborted signal stops it after the update it is in, with INTERRUPTED. */
export type FinetuneContext = Omit<TrainContext, 'corpus'>;
