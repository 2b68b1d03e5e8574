import type { JobState } from '@orestes/contracts';

/** Whether nothing more will happen to a job in this state. */
const STATES = {
  queued: false,
  admitted: false,
  starting: false,
  running: false,
  suspending: false,
  suspended: false,
  succeeded: true,
  failed: true,
  cancelled: true,
  diverged: true,
} satisfies Record<JobState, boolean>;

export const allStates = Object.keys(STATES) as JobState[];
export const isState = (text: string | null): text is JobState => text !== null && Object.hasOwn(STATES, text);
export const hasEnded = (state: JobState): boolean => STATES[state];
