import type { JobState } from '@orestes/contracts';

/** Counting costs whoever asks: the sentence needs no more. */
export const MOST_AHEAD = 1000;

/** What a sentence about a job's state is made from. */
export interface Situation {
  state: JobState;
  /** Told when it came into its state. */
  message: string | null;
  reason: string | null;
  /** Jobs whose outputs it needs and that have not succeeded. */
  waitingFor: readonly { name: string; state: JobState }[];
  /** Not to be started before: after a crash, or because something else is to be tried later. */
  notBefore: Date | null;
  now: Date;
  failures: number;
  retries: number;
  /** Of this machine; null: jobs are pods of a cluster. */
  slots: { held: number; all: number } | null;
  /** What the cluster's operator says that it, or its pods, wait for. */
  waiting: string | null;
  /** Jobs that would start first; beyond MOST_AHEAD nobody counts. */
  ahead: number;
  /** Of a sweep or pipeline; null for others. */
  children: { ended: number; suspended: number; all: number } | null;
  progress: { done: number; total: number; unit: string } | null;
}

/** One plain sentence on why a job is in its state. */
export function why(s: Situation): string {
  switch (s.state) {
    case 'queued':
      return whyQueued(s);
    case 'admitted':
      return s.slots
        ? 'It has a slot; its worker is being started.'
        : (s.waiting ?? 'It has its place in the cluster; its pods are being started.');
    case 'starting':
      return 'Its worker loads the engine, the data and the last checkpoint.';
    case 'running':
      return whyRunning(s);
    case 'suspending':
      return 'It was asked to suspend: its worker saves where it is.';
    case 'suspended':
      return 'It was suspended; resume puts it into the queue again.';
    case 'succeeded':
      return `It succeeded: ${s.message ?? 'done'}.`;
    case 'cancelled':
      return `It was cancelled: ${s.message ?? 'asked for'}.`;
    case 'failed':
    case 'diverged':
      return `It ${s.state} (${s.reason ?? 'no code'}): ${s.message ?? 'nothing was told'}`;
  }
}

function whyQueued(s: Situation): string {
  const [first, ...others] = s.waitingFor;
  if (first) {
    const more = others.length > 0 ? ` and ${others.length} more` : '';
    return `It needs the output of ${first.name}, which is ${first.state}${more}.`;
  }
  if (s.failures > 0 && s.notBefore && s.notBefore > s.now) {
    const seconds = Math.ceil((s.notBefore.getTime() - s.now.getTime()) / 1000);
    return `Its worker was lost (crash ${s.failures} of ${s.retries} allowed); it starts again in ${seconds} s.`;
  }
  if (!s.slots) return s.waiting ?? 'It is being handed to the cluster.';
  const { held, all } = s.slots;
  if (all === 0) return 'The service starts no workers (it has 0 slots).';
  if (held < all && s.ahead === 0) return 'It is next: a slot is free.';
  const many = s.ahead > MOST_AHEAD ? `more than ${MOST_AHEAD}` : String(s.ahead);
  const before = s.ahead === 0 ? 'it is next' : `${many} ${s.ahead === 1 ? 'job is' : 'jobs are'} ahead of it`;
  return `It waits for a slot: ${held} of ${all} ${all === 1 ? 'is' : 'are'} held, ${before}.`;
}

function whyRunning({ children, progress }: Situation): string {
  if (children) {
    const { ended, suspended, all } = children;
    return `${ended} of its ${all} jobs have ended${suspended > 0 ? `, ${suspended} are suspended` : ''}.`;
  }
  if (!progress) return 'Its worker has begun.';
  return `Its worker has done ${progress.done} of ${progress.total} ${progress.unit}.`;
}
