import type { JobKind } from '@orestes/contracts';

/** What each kind of job does. */
export const KINDS = {
  corpus: 'text to packed sequences',
  pretrain: 'a corpus to G and D, or one encoder',
  finetune: 'an encoder on a task',
  evaluate: 'D against a frozen G',
  sweep: 'one job a point of a grid',
  pipeline: 'corpus to pretraining to fine-tuning',
} satisfies Record<JobKind, string>;

export const isKind = (text: string | null): text is JobKind => text !== null && Object.hasOwn(KINDS, text);

/** Whether its own work is other jobs. */
export const isParent = (kind: JobKind): boolean => kind === 'sweep' || kind === 'pipeline';

/** Whether it trains, and so has curves. */
export const hasCurves = (kind: JobKind): boolean => kind === 'pretrain' || kind === 'finetune';
