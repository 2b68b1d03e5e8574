import { describe, expect, it } from '@jest/globals';
import { JOB_STATES } from '@orestes/contracts';
import { why, type Situation } from './why.js';

const now = new Date('2026-01-01T00:00:00Z');
const at = (change: Partial<Situation>): Situation => ({
  ...{ state: 'queued', message: null, reason: null, waitingFor: [], notBefore: null, now, failures: 0, retries: 3 },
  ...{ slots: { held: 0, all: 1 }, waiting: null, ahead: 0, children: null, progress: null },
  ...change,
});

describe('why', () => {
  it.each<[Partial<Situation>, string]>([
    [{ waitingFor: [{ name: 'c', state: 'running' }] }, 'It needs the output of c, which is running.'],
    [
      {
        waitingFor: [
          { name: 'c', state: 'queued' },
          { name: 'd', state: 'queued' },
        ],
      },
      'It needs the output of c, which is queued and 1 more.',
    ],
    [
      { notBefore: new Date('2026-01-01T00:00:04.2Z'), failures: 1 },
      'Its worker was lost (crash 1 of 3 allowed); it starts again in 5 s.',
    ],
    [{}, 'It is next: a slot is free.'],
    [{ slots: { held: 0, all: 0 } }, 'The service starts no workers (it has 0 slots).'],
    [{ slots: { held: 1, all: 1 }, ahead: 1 }, 'It waits for a slot: 1 of 1 is held, 1 job is ahead of it.'],
    [
      { slots: { held: 1, all: 1 }, ahead: 1001 },
      'It waits for a slot: 1 of 1 is held, more than 1000 jobs are ahead of it.',
    ],
    [{ slots: { held: 2, all: 2 } }, 'It waits for a slot: 2 of 2 are held, it is next.'],
    [{ slots: null }, 'It is being handed to the cluster.'],
    [{ slots: null, waiting: 'It waits for quota.' }, 'It waits for quota.'],
    [{ state: 'admitted', slots: null, waiting: 'Its pod finds no node.' }, 'Its pod finds no node.'],
    [{ state: 'running', children: { ended: 1, suspended: 0, all: 4 } }, '1 of its 4 jobs have ended.'],
    [
      { state: 'running', children: { ended: 1, suspended: 2, all: 4 } },
      '1 of its 4 jobs have ended, 2 are suspended.',
    ],
    [{ state: 'running', progress: { done: 5, total: 9, unit: 'steps' } }, 'Its worker has done 5 of 9 steps.'],
    [{ state: 'failed', reason: 'X', message: 'because' }, 'It failed (X): because'],
  ])('%j', (change, sentence) => {
    expect(why(at(change))).toBe(sentence);
  });

  it.each(JOB_STATES)('has a sentence for %s', (state) => {
    expect(why(at({ state }))).toMatch(/^It.*\w/);
  });
});
