import { expect, it } from '@jest/globals';
import { endingOf, type SeenEnding } from './ending.js';
import type { SeenPod } from './observed.js';

const pod = (change: Partial<SeenPod>): SeenPod => ({
  ...{ name: 'p', phase: 'Failed', disruption: null, exit: null, rejected: null, endBy: null, pending: null },
  ...change,
});
const exit = (code: number, reason = 'Error') => pod({ exit: { code, reason } });

it.each<[string, SeenPod[], string | null, SeenEnding]>([
  [
    'an eviction',
    [pod({ disruption: 'node drained' })],
    'PodFailurePolicy',
    { outcome: 'interrupted', message: 'pod p was taken away: node drained' },
  ],
  [
    'an eviction whose worker was killed',
    [pod({ disruption: 'evicted', exit: { code: 137, reason: 'Error' } })],
    null,
    { outcome: 'interrupted', message: 'pod p was taken away: evicted' },
  ],
  ['saved', [exit(75)], null, { outcome: 'interrupted', message: 'pod p was asked to end, and saved' }],
  [
    'memory',
    [exit(137, 'OOMKilled')],
    null,
    { outcome: 'lost', message: 'pod p needed more memory than resources.memoryGiB' },
  ],
  ['a kill', [exit(137)], null, { outcome: 'lost', message: 'pod p was killed' }],
  ['an error', [exit(0), exit(1)], null, { outcome: 'lost', message: 'pod p ended with exit code 1' }],
  [
    'a kubelet that has no device for it',
    [pod({ rejected: 'Pod was rejected: Allocate failed' })],
    null,
    {
      ...{ outcome: 'interrupted', pauseSeconds: 30 },
      message: 'pod p was rejected by its node: Pod was rejected: Allocate failed',
    },
  ],
  ['nothing left', [], null, { outcome: 'lost', message: 'its pods ended without a word' }],
  [
    'too long',
    [exit(143)],
    'DeadlineExceeded',
    { outcome: 'failed', message: 'it ran longer than resources.maxRuntimeSeconds' },
  ],
])('%s', (_, pods, failure, ending) => {
  expect(endingOf({ pods, failure }, true)).toEqual(ending);
});

it('too long, and no worker had come', () => {
  const message = 'its pods found no node, or did not start, within resources.maxRuntimeSeconds';
  expect(endingOf({ pods: [], failure: 'DeadlineExceeded' }, false)).toEqual({ outcome: 'failed', message });
});
