import { describe, expect, it } from '@jest/globals';
import { FINALIZER, type MirroredJob, type TrainingJob } from '@orestes/contracts';
import { nextAction } from './next-action.js';
import type { Action, Observed, SeenAttempt, SeenPod } from './observed.js';

const NOW = Date.parse('2026-01-01T00:01:00Z');
const job = (change: Partial<MirroredJob> = {}): MirroredJob => ({
  ...{
    id: '00000000-0000-7000-8000-000000000000',
    state: 'queued',
    message: 'm',
    version: 1,
    epoch: 0,
    live: false,
    priority: 0,
  },
  ...change,
});
const live = (change: Partial<MirroredJob> = {}) => job({ state: 'running', epoch: 1, live: true, ...change });
const pod = (change: Partial<SeenPod> = {}): SeenPod => ({
  ...{
    name: 'j-1-0-abcde',
    phase: 'Running',
    disruption: null,
    exit: null,
    rejected: null,
    endBy: null,
    pending: null,
  },
  ...change,
});
const attempt = (change: Partial<SeenAttempt> = {}): SeenAttempt => ({
  ...{ name: 'j-1', uid: 'u', epoch: 1, suspended: false, deleting: false, gone: false, preemptedFor: null },
  ...{ finishedAt: null, startedAt: null, failure: null, pods: [pod()] },
  ...change,
});
const orphaned = attempt({ name: '', uid: '', epoch: 0, deleting: true, gone: true });
const suspended = (change: Partial<SeenAttempt> = {}) => attempt({ suspended: true, pods: [], ...change });

interface Change extends Partial<Omit<Observed, 'trainingJob'>> {
  job?: MirroredJob;
  metadata?: Partial<TrainingJob['metadata']>;
  suspend?: boolean;
  status?: Partial<TrainingJob['status']>;
}

function seen({ job, metadata, suspend, status, ...change }: Change): Observed {
  return {
    trainingJob: {
      ...{ apiVersion: 'orestes.dev/v1alpha1', kind: 'TrainingJob' },
      metadata: { name: 'j', namespace: 'n', finalizers: [FINALIZER], ...metadata },
      spec: suspend === undefined ? {} : { suspend },
      status: { ...(job && { job }), ...status },
    },
    ...{ attempts: [], admission: 'own', place: { granted: false, waitsFor: 'quota' }, preemptFor: null },
    ...{ withinQuota: true, refused: false, now: NOW, ttlMs: 1000, ...change },
  };
}

const wait = (ms: number | null = null, waitsFor: string | null = null): Action => ({ kind: 'wait', ms, waitsFor });
const granted = { granted: true } as const;
const createJob = (epoch: number): Action => ({ kind: 'createJob', epoch });
const deleted = { deletionTimestamp: '2026-01-01T00:00:30Z' };
const complete = (seconds: number) => ({
  conditions: [
    {
      ...({ type: 'Complete', status: 'True', reason: 'Succeeded', message: '' } as const),
      lastTransitionTime: new Date(NOW - 1000 * seconds).toISOString(),
    },
  ],
});
const saved = { disruption: null, exit: { code: 75, reason: 'Error' }, phase: 'Failed' } as const;

describe('nextAction', () => {
  it.each<[string, Change, Action]>([
    ['an object without the finalizer is held', { metadata: { finalizers: [] } }, { kind: 'hold' }],
    ['one that was written by hand is registered', {}, { kind: 'register' }],
    [
      'deleted, its job is cancelled',
      { metadata: deleted, job: live() },
      { kind: 'ask', request: 'cancel', asked: null },
    ],
    [
      'deleted, and its job has ended: it goes',
      { metadata: deleted, job: job({ state: 'cancelled' }) },
      { kind: 'release' },
    ],
    [
      'deleted, its job has ended, and its Job is left: that goes first',
      { metadata: deleted, job: job({ state: 'cancelled' }), attempts: [attempt()] },
      { kind: 'deleteJob', name: 'j-1', uid: 'u' },
    ],
    [
      'deleted, its job has ended, and its pods are ending: what they hold is counted by it',
      {
        metadata: deleted,
        job: job({ state: 'cancelled' }),
        attempts: [attempt({ deleting: true, pods: [pod({ endBy: NOW + 1000 })] })],
      },
      wait(31_000),
    ],
    [
      'deleted, and whether it was registered is not known: it is, to be cancelled',
      { metadata: deleted },
      { kind: 'register' },
    ],
    ['deleted, and refused: it goes', { metadata: deleted, refused: true }, { kind: 'release' }],
    ['deleted, and held by others alone', { metadata: { ...deleted, finalizers: ['other'] }, job: live() }, wait()],

    ['queued without a place: it waits', { job: job() }, wait(null, 'quota')],
    ['queued with a place: the attempt begins', { job: job(), place: granted }, { kind: 'begin', epoch: 1 }],
    [
      'queued again: the next attempt',
      { job: job({ epoch: 1 }), attempts: [attempt({ finishedAt: 1, pods: [] })], place: granted },
      { kind: 'begin', epoch: 2 },
    ],
    [
      'queued again, the last Job is left: it goes first',
      { job: job({ epoch: 1 }), attempts: [suspended()] },
      { kind: 'deleteJob', name: 'j-1', uid: 'u' },
    ],
    [
      'queued again, pods are left: they end first',
      { job: job({ epoch: 1 }), attempts: [attempt({ deleting: true })], place: granted },
      wait(null, 'It waits for the pods of its last attempt to end.'),
    ],
    [
      'queued again, a pod is left that its kubelet is to end: it is looked at again',
      {
        job: job({ epoch: 1 }),
        attempts: [attempt({ deleting: true, pods: [pod({ endBy: NOW + 1000 })] })],
        place: granted,
      },
      wait(31_000, 'It waits for the pods of its last attempt to end.'),
    ],
    [
      'queued again, a pod is left that no kubelet ends: its node is lost, and nobody waits for it',
      {
        job: job({ epoch: 1 }),
        attempts: [attempt({ deleting: true, pods: [pod({ endBy: NOW - 30_000 })] })],
        place: granted,
      },
      { kind: 'begin', epoch: 2 },
    ],
    [
      'queued with a place, and a Job of that name is being deleted: it goes first',
      { job: job(), attempts: [attempt({ deleting: true })], place: granted },
      wait(),
    ],
    [
      'queued with a place, and pods of a deleted Job of that name are left: they end first',
      { job: job(), attempts: [orphaned], place: granted },
      wait(null, 'It waits for the pods of its last attempt to end.'),
    ],
    [
      'queued with a place, and a suspended Job is left from before: the attempt begins',
      { job: job(), attempts: [suspended()], place: granted },
      { kind: 'begin', epoch: 1 },
    ],
    [
      'not before its time',
      { job: job({ epoch: 1, notBefore: new Date(NOW + 5000).toISOString() }), place: granted },
      wait(5000, 'It starts again at 2026-01-01T00:01:05.000Z; its last attempt: m.'),
    ],
    [
      'not before the jobs whose outputs it needs',
      { job: job({ notBefore: new Date(NOW + 5000).toISOString() }), place: granted },
      wait(5000, 'It waits for other jobs: those whose outputs it needs, or one that writes into its own.'),
    ],
    [
      'queued again, because its worker saved when it had run too long',
      { job: job({ epoch: 1 }), attempts: [attempt({ failure: 'DeadlineExceeded' })], place: granted },
      {
        ...{ kind: 'end', epoch: 1, outcome: 'failed', unless: null },
        message: 'it ran longer than resources.maxRuntimeSeconds',
      },
    ],
    [
      'a Job that somebody started too early is made anew',
      { job: job(), attempts: [attempt({ finishedAt: 1, pods: [] })], place: granted },
      { kind: 'deleteJob', name: 'j-1', uid: 'u' },
    ],

    ['queued where Kueue admits: a suspended Job is made', { admission: 'kueue', job: job() }, createJob(1)],
    [
      'queued again where Kueue admits: the next Job',
      { admission: 'kueue', job: job({ epoch: 1 }), attempts: [attempt({ finishedAt: 1, pods: [] })] },
      createJob(2),
    ],
    [
      'Kueue has not admitted it',
      { admission: 'kueue', job: job(), attempts: [suspended()], place: granted },
      wait(null, 'It waits in its queue of Kueue.'),
    ],
    [
      'Kueue has unsuspended it',
      { admission: 'kueue', job: job(), attempts: [attempt()] },
      { kind: 'begin', epoch: 1 },
    ],
    [
      'Kueue has suspended it again, pods are ending',
      { admission: 'kueue', job: live(), attempts: [attempt({ suspended: true })] },
      wait(),
    ],
    [
      'Kueue has suspended it again, and nobody told the end',
      { admission: 'kueue', job: live(), attempts: [suspended()] },
      { kind: 'end', epoch: 1, outcome: 'interrupted', message: 'its pods were taken away', unless: null },
    ],
    [
      'Kueue has suspended it again, and it saved',
      { admission: 'kueue', job: job({ epoch: 1 }), attempts: [suspended()] },
      { kind: 'deleteJob', name: 'j-1', uid: 'u' },
    ],

    ['begun, and its Job was not made yet', { job: live({ state: 'admitted' }) }, { kind: 'begin', epoch: 1 }],
    [
      'begun, its Job was not made yet, and its place is taken',
      { job: live({ state: 'admitted' }), withinQuota: false },
      { kind: 'end', epoch: 1, outcome: 'interrupted', message: 'its place was taken', unless: 'j-1' },
    ],
    [
      'begun, its Job was not made yet, and it is to make room',
      { job: live({ state: 'admitted' }), preemptFor: 'k' },
      { kind: 'end', epoch: 1, outcome: 'interrupted', message: 'preempted for k', unless: 'j-1' },
    ],
    [
      'begun, its Job was deleted, and its pods are left',
      { job: live({ state: 'admitted' }), attempts: [orphaned] },
      wait(null, 'It waits for the pods of its deleted Job to end.'),
    ],
    [
      'begun where Kueue admits, and its Job was deleted',
      { admission: 'kueue', job: live({ state: 'admitted' }) },
      { kind: 'end', epoch: 1, outcome: 'lost', message: 'its Job was deleted', unless: 'j-1' },
    ],
    [
      'asked to suspend before its Job was made',
      { job: live({ state: 'suspending' }) },
      { kind: 'end', epoch: 1, outcome: 'interrupted', message: 'its pods were taken away', unless: 'j-1' },
    ],
    [
      'the Job of an attempt that is over was made late: it goes',
      { job: live({ epoch: 2 }), attempts: [attempt(), attempt({ name: 'j-2', epoch: 2 })] },
      { kind: 'deleteJob', name: 'j-1', uid: 'u' },
    ],
    [
      'suspended by hand, and nobody asked for it',
      { job: live({ state: 'admitted' }), attempts: [suspended()] },
      { kind: 'unsuspendJob', name: 'j-1' },
    ],
    ['running', { job: live(), attempts: [attempt()] }, wait()],
    [
      'its Job has just started, and has no pod yet',
      { job: live({ state: 'admitted' }), attempts: [attempt({ startedAt: NOW - 10_000, pods: [] })] },
      wait(20_000),
    ],
    [
      'the cluster makes no pod of its Job',
      { job: live({ state: 'admitted' }), attempts: [attempt({ startedAt: NOW - 30_000, pods: [] })] },
      wait(null, 'The cluster makes no pod of it: kubectl describe job j-1 says why.'),
    ],
    [
      'its pod finds no node',
      {
        job: live({ state: 'admitted' }),
        attempts: [attempt({ pods: [pod({ phase: 'Pending', pending: 'no node' })] })],
      },
      wait(null, 'no node'),
    ],
    [
      'its Job was deleted by hand',
      { job: live() },
      { kind: 'end', epoch: 1, outcome: 'lost', message: 'its Job was deleted', unless: 'j-1' },
    ],
    [
      'its Job was deleted, and its pods are left',
      { job: live(), attempts: [orphaned] },
      wait(null, 'It waits for the pods of its deleted Job to end.'),
    ],
    ['its Job is being deleted, pods are left', { job: live(), attempts: [attempt({ deleting: true })] }, wait()],
    [
      'its Job is being deleted, and the pods that are left are out of reach',
      { job: live(), attempts: [attempt({ deleting: true, pods: [pod({ endBy: NOW - 30_000 })] })] },
      { kind: 'end', epoch: 1, outcome: 'lost', message: 'its Job was deleted', unless: null },
    ],
    [
      'preempted, and the pods that are left are out of reach',
      { job: live(), attempts: [suspended({ preemptedFor: 'k', pods: [pod({ endBy: NOW - 30_000 })] })] },
      { kind: 'end', epoch: 1, outcome: 'interrupted', message: 'preempted for k', unless: null },
    ],
    [
      'ended just now: the last words may be on their way',
      { job: live(), attempts: [attempt({ finishedAt: NOW - 1000, pods: [pod(saved)] })] },
      wait(4000),
    ],
    [
      'ended without a word',
      {
        job: live(),
        attempts: [
          attempt({
            finishedAt: NOW - 6000,
            failure: 'BackoffLimitExceeded',
            pods: [pod({ phase: 'Failed', exit: { code: 137, reason: 'Error' } })],
          }),
        ],
      },
      { kind: 'end', epoch: 1, outcome: 'lost', message: 'pod j-1-0-abcde was killed', unless: null },
    ],

    [
      'to make room',
      { job: live(), attempts: [attempt()], preemptFor: 'k' },
      { kind: 'suspendJob', name: 'j-1', preemptedFor: 'k' },
    ],
    [
      'making room',
      { job: live(), attempts: [attempt({ suspended: true, preemptedFor: 'k' })], preemptFor: 'k' },
      wait(),
    ],
    [
      'room is made',
      { job: live(), attempts: [suspended({ preemptedFor: 'k' })] },
      { kind: 'end', epoch: 1, outcome: 'interrupted', message: 'preempted for k', unless: null },
    ],

    [
      'asked to suspend by its object',
      { job: live(), attempts: [attempt()], suspend: true },
      { kind: 'ask', request: 'suspend', asked: true },
    ],
    [
      'asked to resume while it is being suspended: when it is',
      {
        job: live({ state: 'suspending' }),
        attempts: [suspended({ pods: [pod()] })],
        suspend: false,
        status: { suspendAsked: true },
      },
      wait(),
    ],
    [
      'asked before: not again',
      { job: live({ state: 'suspending' }), attempts: [attempt()], suspend: true, status: { suspendAsked: true } },
      { kind: 'suspendJob', name: 'j-1', preemptedFor: null },
    ],
    [
      'suspended',
      {
        job: job({ state: 'suspended', epoch: 1 }),
        attempts: [attempt({ finishedAt: 1, pods: [] })],
        suspend: true,
        status: { suspendAsked: true },
      },
      wait(),
    ],
    [
      'to go on',
      { job: job({ state: 'suspended', epoch: 1 }), suspend: false, status: { suspendAsked: true } },
      { kind: 'ask', request: 'resume', asked: false },
    ],
    [
      'suspended by the API: spec.suspend was never true',
      { job: job({ state: 'suspended', epoch: 1 }), suspend: false },
      wait(),
    ],

    [
      'cancelled: its Job goes',
      { job: job({ state: 'cancelled', epoch: 1 }), attempts: [attempt()], status: complete(0) },
      { kind: 'deleteJob', name: 'j-1', uid: 'u' },
    ],
    [
      'succeeded: its worker ends by itself',
      { job: job({ state: 'succeeded', epoch: 1 }), attempts: [attempt()], status: complete(10) },
      wait(50_000),
    ],
    [
      'succeeded, but its worker hangs',
      { job: job({ state: 'succeeded', epoch: 1 }), attempts: [attempt()], status: complete(61) },
      { kind: 'deleteJob', name: 'j-1', uid: 'u' },
    ],
    [
      'ended a while ago: the object is removed',
      { job: job({ state: 'succeeded', epoch: 1 }), status: complete(2) },
      { kind: 'remove' },
    ],
  ])('%s', (_, change, action) => {
    expect(nextAction(seen(change))).toEqual(action);
  });
});
