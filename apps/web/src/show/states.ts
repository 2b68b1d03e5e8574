import type { JobState } from '@orestes/contracts';
import type { JobAction } from '../api/jobs.js';

interface ShownState {
  /** Nothing more will happen. */
  ended: boolean;
  /** What may be asked of a job in it. */
  actions: readonly JobAction[];
}

const waiting = { ended: false, actions: ['suspend', 'cancel'] } as const;
const stopped = { ended: true, actions: ['retry'] } as const;

export const STATES = {
  queued: waiting,
  admitted: waiting,
  starting: waiting,
  running: waiting,
  suspending: { ended: false, actions: ['cancel'] },
  suspended: { ended: false, actions: ['resume', 'cancel'] },
  succeeded: { ended: true, actions: [] },
  failed: stopped,
  cancelled: stopped,
  diverged: stopped,
} satisfies Record<JobState, ShownState>;

export const isState = (text: string | null): text is JobState => text !== null && Object.hasOwn(STATES, text);
export const hasEnded = (state: JobState): boolean => STATES[state].ended;
export const actionsFor = (state: JobState): readonly JobAction[] => STATES[state].actions;
