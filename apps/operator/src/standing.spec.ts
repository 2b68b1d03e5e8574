import { describe, expect, it } from '@jest/globals';
import type { MirroredJob, TrainingJob } from '@orestes/contracts';
import type { SeenAttempt, SeenPod } from './decide/observed.js';
import { claimOf, standingOf } from './standing.js';

const job: MirroredJob = { id: 'i', state: 'queued', message: 'm', version: 1, epoch: 1, live: false, priority: 0 };
const trainingJob = {
  ...{ apiVersion: 'orestes.dev/v1alpha1', kind: 'TrainingJob', metadata: { namespace: 'n', name: 'j' } },
  ...{ spec: { corpus: { resources: { queue: 'default' } } }, status: { job } },
} as unknown as TrainingJob;

const pod = (change: Partial<SeenPod>): SeenPod => ({
  ...{ name: 'p', phase: 'Running', disruption: null, exit: null, rejected: null, endBy: null, pending: null },
  ...change,
});
const attempt = (change: Partial<SeenAttempt>): SeenAttempt => ({
  ...{ name: 'j-1', uid: 'u', epoch: 1, suspended: false, deleting: true, gone: false, preemptedFor: null },
  ...{ finishedAt: null, startedAt: null, failure: null, pods: [] },
  ...change,
});

const GIVEN: [TrainingJob['spec'] | object, object][] = [
  [{ corpus: {} }, { queue: 'default', product: null, gpus: 0 }],
  [{ corpus: { resources: { gpus: 2 } } }, { gpus: 0 }],
  [{ pretrain: {} }, { queue: 'default', product: null, gpus: 0 }],
  [{ pretrain: { resources: { gpus: 2, hosts: 3 } } }, { gpus: 6 }],
  [{ pretrain: { engine: { precision: 'bf16' } } }, { queue: 'default', gpus: 0 }],
  [{ finetune: { engine: { device: 'cuda' } } }, { gpus: 1 }],
  [{ pretrain: { engine: { device: 'cuda', devices: 4 }, resources: { queue: 'q', gpuProduct: 'H' } } }, { gpus: 4 }],
  [{ evaluate: { engine: { device: 'cuda', devices: 4 }, resources: { gpus: 8 } } }, { gpus: 8 }],
];

it.each(GIVEN)('of a spec as it was given, %j, the claim is %j', (spec, claim) => {
  expect(claimOf({ ...trainingJob, spec })).toMatchObject(claim);
});

describe('a queued job’s place is', () => {
  it.each<[string, string, SeenAttempt]>([
    ['held', 'its last Job is being deleted, and its pods may not be known yet', attempt({})],
    ['held', 'its last pod runs', attempt({ pods: [pod({})] })],
    ['held', 'its last pod is being ended', attempt({ pods: [pod({ endBy: Date.now() })] })],
    [
      'pending',
      'its last pod should have ended a minute ago',
      attempt({ pods: [pod({ endBy: Date.now() - 60_000 })] }),
    ],
    ['pending', 'its last Job has ended', attempt({ finishedAt: 1, pods: [pod({ phase: 'Failed' })] })],
  ])('%s: %s', (state, _, last) => {
    expect(standingOf('n/j', trainingJob, [last], Date.now())).toMatchObject({ state });
  });

  it.each([
    ['pending', 'its time has come', -1],
    [undefined, 'it may not start again yet', 60_000],
  ])('%s: %s', (state, _, inMs) => {
    const now = Date.now();
    const notBefore = new Date(now + inMs).toISOString();
    expect(standingOf('n/j', { ...trainingJob, status: { job: { ...job, notBefore } } }, [], now)?.state).toBe(state);
  });
});
