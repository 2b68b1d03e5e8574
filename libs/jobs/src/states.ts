import type { JobDocument, JobKind, JobState } from '@orestes/contracts';

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

/** Made of other jobs; no worker runs it. */
export const isParent = ({ kind }: { kind: JobKind }): boolean => kind === 'sweep' || kind === 'pipeline';

/** What a person may ask of a job, and the states in which it does something. */
export const REQUESTS = {
  cancel: ['queued', 'admitted', 'starting', 'running', 'suspending', 'suspended'],
  suspend: ['queued', 'admitted', 'starting', 'running'],
  resume: ['suspended'],
  retry: ['failed', 'cancelled', 'diverged'],
} as const satisfies Record<string, readonly JobState[]>;

export type JobRequest = keyof typeof REQUESTS;

interface Asked {
  state: JobState;
  /** Of a sweep or pipeline: those are asked as a whole. */
  parentId: string | null;
  children: readonly { state: JobState }[];
}

/** What may be asked of a job as it stands. A parent is suspended and resumed through its children. */
export function requestsFor({ state, parentId, children }: Asked): JobDocument['actions'] {
  const fits = (request: JobRequest, at: JobState) => (REQUESTS[request] as readonly JobState[]).includes(at);
  const all = Object.keys(REQUESTS) as JobRequest[];
  return all.filter((request) => {
    if (request === 'retry') return parentId === null && fits(request, state);
    if (request === 'cancel' || children.length === 0) return fits(request, state);
    return !isTerminal(state) && children.some((child) => fits(request, child.state));
  });
}
