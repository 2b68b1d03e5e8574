import type { JobState } from '@orestes/contracts';

/**
 * Which state may follow which. A crashed or interrupted attempt goes back to the queue; terminal states never change.
 * suspending -> suspended also where the worker died meanwhile: what it had saved is there.
 */
export const TRANSITIONS = {
  queued: ['admitted', 'suspended', 'failed', 'cancelled'],
  admitted: ['starting', 'queued', 'suspending', 'failed', 'cancelled'],
  starting: ['running', 'queued', 'suspending', 'succeeded', 'failed', 'cancelled', 'diverged'],
  running: ['queued', 'suspending', 'succeeded', 'failed', 'cancelled', 'diverged'],
  suspending: ['suspended', 'succeeded', 'failed', 'cancelled', 'diverged'],
  suspended: ['queued', 'cancelled'],
  succeeded: [],
  failed: [],
  cancelled: [],
  diverged: [],
} as const satisfies Record<JobState, readonly JobState[]>;

export const canFollow = (from: JobState, to: JobState): boolean =>
  (TRANSITIONS[from] as readonly JobState[]).includes(to);

export const isTerminal = (state: JobState): boolean => TRANSITIONS[state].length === 0;

/** States in which an attempt holds a slot. */
export const HOLDING = ['admitted', 'starting', 'running', 'suspending'] as const satisfies readonly JobState[];

/** What a person may ask of a job, and the states in which it does something. */
export const REQUESTS = {
  cancel: ['queued', 'admitted', 'starting', 'running', 'suspending', 'suspended'],
  suspend: ['queued', 'admitted', 'starting', 'running'],
  resume: ['suspended'],
  retry: ['failed', 'cancelled', 'diverged'],
} as const satisfies Record<string, readonly JobState[]>;

export type JobRequest = keyof typeof REQUESTS;
