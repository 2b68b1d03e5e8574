import { describe, expect, it } from '@jest/globals';
import type { JobState } from '@orestes/contracts';
import { afterAttempt, afterChildren, type Ending, type JobAtEnd } from './outcome.js';
import { canFollow } from './states.js';

const job = (change: Partial<JobAtEnd> = {}): JobAtEnd => ({ state: 'running', failures: 0, retries: 2, ...change });
const done: Ending = { outcome: 'succeeded', result: {}, reusedFrom: null };
const told = (outcome: 'failed' | 'diverged' | 'interrupted', code = 'CODE'): Ending => ({
  outcome,
  code,
  message: 'why',
});
const lost: Ending = { outcome: 'lost', code: 'WORKER_LOST', message: 'gone' };

describe('after an attempt', () => {
  it.each<[string, JobAtEnd, Ending, JobState, boolean, number]>([
    ['success', job(), done, 'succeeded', false, 0],
    ['success while suspending', job({ state: 'suspending' }), done, 'succeeded', false, 0],
    ['an error that is told', job(), told('failed'), 'failed', false, 0],
    ['divergence', job(), told('diverged'), 'diverged', false, 0],
    ['an interruption', job(), told('interrupted'), 'queued', false, 0],
    ['a suspension', job({ state: 'suspending' }), told('interrupted'), 'suspended', false, 0],
    ['a first crash', job(), lost, 'queued', true, 100],
    ['a second crash', job({ failures: 1 }), lost, 'queued', true, 200],
    ['one crash too many', job({ failures: 2 }), lost, 'failed', true, 0],
    ['a crash without retries', job({ retries: 0 }), lost, 'failed', true, 0],
    ['a crash while suspending', job({ state: 'suspending' }), lost, 'suspended', false, 0],
    ['a store that is away', job(), told('failed', 'STORE_UNREACHABLE'), 'queued', true, 100],
  ])('%s', (_, at, ending, state, failure, backoffMs) => {
    const verdict = afterAttempt(at, ending, 100);
    expect(verdict).toMatchObject({ state, failure, backoffMs });
    expect(canFollow(at.state, state)).toBe(true);
  });

  it('waits a minute at most', () => {
    expect(afterAttempt(job({ failures: 50, retries: 100 }), lost, 1000).backoffMs).toBe(60_000);
  });
});

describe('after the children', () => {
  const children = (...states: JobState[]) =>
    states.map((state, i) => ({ name: `c${i}`, state, reason: state === 'failed' ? 'CODE' : null }));
  it.each<[JobState[], JobState | null]>([
    [['succeeded', 'running'], null],
    [['failed', 'queued'], null],
    [['succeeded', 'succeeded'], 'succeeded'],
    [['succeeded', 'failed', 'diverged'], 'failed'],
    [['cancelled', 'cancelled'], 'failed'],
  ])('%j: %s', (states, state) => {
    expect(afterChildren(children(...states))?.state ?? null).toBe(state);
  });

  it('says how many, and which was the first', () => {
    expect(afterChildren(children('succeeded', 'failed', 'failed'))).toMatchObject({
      reason: 'CHILDREN_FAILED',
      message: 'all 3 jobs have ended: 1 succeeded, 2 failed (the first: c1, CODE)',
    });
  });
});
