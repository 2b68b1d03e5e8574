import type { TrainingJob } from '@orestes/contracts';
import type { SeenEnding } from './ending.js';

/** A pod of an attempt, as far as decisions go. */
export interface SeenPod {
  name: string;
  phase: 'Pending' | 'Running' | 'Succeeded' | 'Failed' | 'Unknown';
  /** Evicted, preempted by the scheduler, its node lost or drained: nobody's failure. Says which. */
  disruption: string | null;
  /** Of the worker's container; null while it runs. */
  exit: { code: number; reason: string } | null;
  /** Why its kubelet took it and did not start its worker, in the kubelet's words: no device, no memory, a node that goes. */
  rejected: string | null;
  /** By when its kubelet is to have ended it, milliseconds since 1970; null: it is not being deleted. */
  endBy: number | null;
  /** Why it does not run yet, in the scheduler's or the kubelet's words. */
  pending: string | null;
}

/** The batch/v1 Job of one attempt, and its pods. */
export interface SeenAttempt {
  name: string;
  uid: string;
  epoch: number;
  suspended: boolean;
  /** Being deleted. */
  deleting: boolean;
  /** Its Job is gone, and with it the number: `epoch` is 0. A Job may be made under the name when the pods have ended. */
  gone: boolean;
  /** Set aside for a job of a higher priority, whose name it is. */
  preemptedFor: string | null;
  /** Milliseconds since 1970; null while it has not ended. */
  finishedAt: number | null;
  /** Since when it may have pods, milliseconds since 1970; null: it may not, or nobody has noted it yet. */
  startedAt: number | null;
  /** Why the Job failed, or is about to, as Kubernetes says; null where it does not. */
  failure: string | null;
  pods: readonly SeenPod[];
}

/** What the operator knows of a TrainingJob when it decides. */
export interface Observed {
  trainingJob: TrainingJob;
  attempts: readonly SeenAttempt[];
  /** Who lets attempts start: Kueue, which unsuspends their Jobs, or this operator. */
  admission: 'kueue' | 'own';
  /** With its own admission: that the job has its place; or what it waits for. */
  place: { granted: true } | { granted: false; waitsFor: string };
  /** Whether the quota of its queue has what it holds. */
  withinQuota: boolean;
  /** The job of a higher priority that this one is to make room for. */
  preemptFor: string | null;
  /** The service does not take this object: it has no job. */
  refused: boolean;
  /** Milliseconds since 1970. */
  now: number;
  /** After which an ended job's object is removed. */
  ttlMs: number;
}

export type Action =
  /** Deletion is to wait until the job has been told. */
  | { kind: 'hold' }
  | { kind: 'release' }
  | { kind: 'remove' }
  /** A job of the service's database is made of it. */
  | { kind: 'register' }
  | { kind: 'ask'; request: 'cancel' | 'suspend' | 'resume'; asked: boolean | null }
  | { kind: 'createJob'; epoch: number }
  | { kind: 'deleteJob'; name: string; uid: string }
  | { kind: 'suspendJob'; name: string; preemptedFor: string | null }
  | { kind: 'unsuspendJob'; name: string }
  | { kind: 'begin'; epoch: number }
  /** `unless`: the Job by whose absence it was decided; what is seen of Jobs may be older than what is seen of the object. */
  | (SeenEnding & { kind: 'end'; epoch: number; unless: string | null })
  /** Nothing is to be done; `ms`: look again after that. */
  | { kind: 'wait'; ms: number | null; waitsFor: string | null };
