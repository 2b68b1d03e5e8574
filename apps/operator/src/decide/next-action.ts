import { FINALIZER, type MirroredJob } from '@orestes/contracts';
import { attemptNameOf, isTerminal } from '@orestes/jobs';
import { notBeforeMs } from './due.js';
import { endingOf, isOverdue, type SeenEnding } from './ending.js';
import type { Action, Observed, SeenAttempt } from './observed.js';
import { podsLeftMs } from './pods.js';

/** A worker's last words may still be on their way from the API to the object. */
const LAST_WORDS_MS = 5000;
/** Within this a Job has its pods, unless the cluster refuses them. */
const WITHOUT_PODS_MS = 30_000;
/** An ended job's worker ends by itself, unless it hangs. */
const HANGING_MS = 60_000;

/**
 * The one next thing to do for a TrainingJob. No I/O, no clock, no randomness. Each action changes what is observed, or it is
 * done again: it may be carried out twice.
 */
export function nextAction(seen: Observed): Action {
  const { metadata, spec, status } = seen.trainingJob;
  const job = status?.job;
  const held = metadata.finalizers?.includes(FINALIZER) === true;
  if (metadata.deletionTimestamp !== undefined) {
    if (!held) return wait();
    // Registered once it stays so, whether or not that was answered: only a job that is known can be cancelled.
    if (!job && !seen.refused) return { kind: 'register' };
    if (job && !isTerminal(job.state)) return { kind: 'ask', request: 'cancel', asked: null };
    return beforeItGoes(seen);
  }
  if (!held) return { kind: 'hold' };
  if (!job) return { kind: 'register' };
  if (isTerminal(job.state)) return afterTheEnd(seen, job);
  const { suspend } = spec;
  const isAsked = suspend !== undefined && suspend !== (status?.suspendAsked ?? false);
  // What is being suspended can't be resumed before it is.
  if (isAsked && !(suspend === false && job.state === 'suspending'))
    return { kind: 'ask', request: suspend ? 'suspend' : 'resume', asked: suspend };
  return job.live ? withLiveAttempt(seen, job) : withoutAttempt(seen, job);
}

const wait = (ms: number | null = null, waitsFor: string | null = null): Action => ({ kind: 'wait', ms, waitsFor });

/** Waits while there may be pods; null: there are none. */
function untilWithoutPods(attempts: readonly SeenAttempt[], now: number, waitsFor: string | null): Action | null {
  const left = Math.max(0, ...attempts.map((attempt) => podsLeftMs(attempt, now)));
  return left === 0 ? null : wait(left === Infinity ? null : left, waitsFor);
}

/** Its Job goes on until somebody ends it. */
const isUnfinished = ({ finishedAt, deleting }: SeenAttempt): boolean => finishedAt === null && !deleting;

const remove = ({ name, uid }: SeenAttempt): Action => ({ kind: 'deleteJob', name, uid });

/** An object that is deleted stays as long as its pods: what they hold is counted by it. */
function beforeItGoes({ attempts, now }: Observed): Action {
  const left = attempts.find(isUnfinished);
  return left ? remove(left) : (untilWithoutPods(attempts, now, null) ?? { kind: 'release' });
}

function afterTheEnd({ attempts, trainingJob, now, ttlMs }: Observed, job: MirroredJob): Action {
  const told = trainingJob.status?.conditions?.find(({ type }) => type === 'Complete' || type === 'Failed');
  const since = told ? now - Date.parse(told.lastTransitionTime) : 0;
  const unfinished = attempts.filter(isUnfinished);
  const superfluous = unfinished.find(({ suspended }) => job.state === 'cancelled' || suspended || since > HANGING_MS);
  if (superfluous) return remove(superfluous);
  if (unfinished.length > 0) return wait(HANGING_MS - since);
  return since >= ttlMs && told ? { kind: 'remove' } : wait(ttlMs - since);
}

/** Queued or suspended: what is left of earlier attempts goes first, so that no two have pods at a time. */
function withoutAttempt(seen: Observed, job: MirroredJob): Action {
  const { attempts, admission, place, now } = seen;
  const earlier = attempts.filter(({ epoch }) => epoch <= job.epoch);
  const overdue = earlier.find((attempt) => attempt.epoch === job.epoch && isOverdue(attempt));
  // Its worker saved when it was asked to end, and said so.
  if (overdue && job.state === 'queued')
    return { kind: 'end', epoch: job.epoch, unless: null, ...endingOf(overdue, true) };
  const left = earlier.find(isUnfinished);
  if (left) return remove(left);
  const ending = untilWithoutPods(earlier, now, 'It waits for the pods of its last attempt to end.');
  if (ending) return ending;
  if (job.state !== 'queued') return wait();
  const due = notBeforeMs(job, now);
  if (due > 0) return wait(due, whyNotBefore(job));
  const epoch = job.epoch + 1;
  const next = attempts.find((attempt) => attempt.epoch === epoch);
  if (next?.deleting) return wait();
  if (next && next.finishedAt !== null) return remove(next); // somebody started it too early, and it found no attempt
  if (admission === 'own') return place.granted ? { kind: 'begin', epoch } : wait(null, place.waitsFor);
  if (!next) return { kind: 'createJob', epoch };
  return next.suspended ? wait(null, 'It waits in its queue of Kueue.') : { kind: 'begin', epoch };
}

/** The service puts off what starts again, and what it was asked to begin too early. */
const whyNotBefore = ({ epoch, notBefore, message }: MirroredJob): string =>
  epoch === 0
    ? 'It waits for other jobs: those whose outputs it needs, or one that writes into its own.'
    : `It starts again at ${notBefore}; its last attempt: ${message}.`;

/** Its Job is still to be made, or was deleted. What is seen of Jobs may be older than what is known of the job. */
function withoutJob(
  { trainingJob, attempts, admission, withinQuota, preemptFor, now }: Observed,
  { epoch, state }: MirroredJob,
): Action {
  const left = attempts.filter(({ gone }) => gone);
  const ending = untilWithoutPods(left, now, 'It waits for the pods of its deleted Job to end.');
  if (ending) return ending;
  const unless = attemptNameOf(trainingJob.metadata.name, epoch);
  const end = (outcome: 'lost' | 'interrupted', message: string): Action => ({
    ...{ kind: 'end', epoch, outcome, message, unless },
  });
  if (state === 'suspending') return end('interrupted', 'its pods were taken away');
  if (admission === 'kueue' || state !== 'admitted') return end('lost', 'its Job was deleted');
  if (preemptFor !== null) return end('interrupted', `preempted for ${preemptFor}`);
  // An operator that was killed between the two had begun it, and its successor has given its place away.
  return withinQuota ? { kind: 'begin', epoch } : end('interrupted', 'its place was taken');
}

function withLiveAttempt(seen: Observed, job: MirroredJob): Action {
  const { attempts, admission, now, preemptFor } = seen;
  const { epoch, state } = job;
  // Of a leader that was stopped, and went on when its attempt was over.
  const late = attempts.find((attempt) => attempt.epoch < epoch && isUnfinished(attempt));
  if (late) return remove(late);
  const own = attempts.find((attempt) => attempt.epoch === epoch);
  if (!own) return withoutJob(seen, job);
  const end = (ending: SeenEnding): Action => ({ kind: 'end', epoch, unless: null, ...ending });
  if (own.finishedAt !== null) {
    const left = own.finishedAt + LAST_WORDS_MS - now;
    if (left > 0) return wait(left);
    return end(endingOf(own, state !== 'admitted'));
  }
  if (own.deleting)
    return untilWithoutPods([own], now, null) ?? end({ outcome: 'lost', message: 'its Job was deleted' });
  if (own.suspended) {
    const set = own.preemptedFor ?? (admission === 'kueue' || state === 'suspending' ? 'others' : null);
    if (set === null) return { kind: 'unsuspendJob', name: own.name };
    const message = own.preemptedFor ? `preempted for ${own.preemptedFor}` : 'its pods were taken away';
    return untilWithoutPods([own], now, null) ?? end({ outcome: 'interrupted', message });
  }
  if (state === 'suspending') return { kind: 'suspendJob', name: own.name, preemptedFor: null };
  if (preemptFor !== null && admission === 'own')
    return { kind: 'suspendJob', name: own.name, preemptedFor: preemptFor };
  if (own.pods.length === 0 && own.startedAt !== null && state === 'admitted') return untilItHasPods(own, now);
  return wait(null, own.pods.find(({ pending }) => pending !== null)?.pending ?? null);
}

/** A quota, a policy, or a class that there is not: the cluster takes a Job and refuses its pods, and only its events say so. */
function untilItHasPods({ name, startedAt }: SeenAttempt, now: number): Action {
  const left = startedAt! + WITHOUT_PODS_MS - now;
  return left > 0 ? wait(left) : wait(null, `The cluster makes no pod of it: kubectl describe job ${name} says why.`);
}
