import { describe, expect, it } from '@jest/globals';
import { JOB_STATES, type JobState } from '@orestes/contracts';
import { canFollow, isTerminal, REQUESTS, requestsFor, TRANSITIONS } from './states.js';

describe('the states of a job', () => {
  it('end in four that never change', () => {
    expect(JOB_STATES.filter(isTerminal)).toEqual(['succeeded', 'failed', 'cancelled', 'diverged']);
  });

  it.each(JOB_STATES.filter((state) => !isTerminal(state)))('%s leads to an end, and can be cancelled', (state) => {
    const reached = new Set<string>([state]);
    for (const from of reached) for (const to of TRANSITIONS[from as keyof typeof TRANSITIONS]) reached.add(to);
    expect([...reached].filter((s) => isTerminal(s as never)).length).toBe(4);
    expect(canFollow(state, 'cancelled')).toBe(true);
    expect(REQUESTS.cancel).toContain(state);
  });

  it('let a person ask only for what the table allows', () => {
    const targets = { cancel: 'cancelled', suspend: ['suspended', 'suspending'], resume: 'queued' } as const;
    for (const [request, to] of Object.entries(targets))
      for (const from of REQUESTS[request as keyof typeof targets])
        expect([to].flat().some((state) => canFollow(from, state))).toBe(true);
  });
});

describe('what may be asked', () => {
  const of = (state: JobState, children: JobState[] = [], parentId: string | null = null) =>
    requestsFor({ state, parentId, children: children.map((s) => ({ state: s })) });
  it.each<[string, string[], string[]]>([
    ['of a running job', of('running'), ['cancel', 'suspend']],
    ['of a suspended job', of('suspended'), ['cancel', 'resume']],
    ['of a failed job', of('failed'), ['retry']],
    ['of a failed job of a pipeline', of('failed', [], 'p'), []],
    ['of a succeeded job', of('succeeded'), []],
    ['of a pipeline whose jobs run', of('running', ['running', 'queued']), ['cancel', 'suspend']],
    ['of a pipeline with a suspended job', of('running', ['suspended', 'succeeded']), ['cancel', 'resume']],
    ['of a pipeline that failed', of('failed', ['failed', 'succeeded']), ['retry']],
  ])('%s', (_, found, expected) => {
    expect(found).toEqual(expected);
  });
});
