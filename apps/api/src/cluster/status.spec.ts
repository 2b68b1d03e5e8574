import { describe, expect, it } from '@jest/globals';
import type { MirroredJob } from '@orestes/contracts';
import { statusOf } from './status.js';

const [BEFORE, NOW] = ['2026-01-01T00:00:00.000Z', '2026-01-01T00:01:00.000Z'];
const known = { waiting: null, generation: 1, conditions: null };
const job = (change: Partial<MirroredJob> = {}): MirroredJob => ({
  ...{ id: 'i', state: 'queued', message: 'submitted', version: 1, epoch: 0, live: false, priority: 0 },
  ...change,
});
const told = (state: MirroredJob['state'], change: Partial<MirroredJob> = {}) =>
  statusOf(known, job({ state, ...change }), new Date(NOW)).conditions!.map(({ type, status }) => `${type} ${status}`);

describe('the status of a TrainingJob', () => {
  it.each<[MirroredJob['state'], Partial<MirroredJob>, string[]]>([
    ['queued', {}, ['Registered True', 'Admitted False', 'Running False']],
    ['admitted', { live: true }, ['Registered True', 'Admitted True', 'Running False']],
    ['running', { live: true }, ['Registered True', 'Admitted True', 'Running True']],
    ['suspended', {}, ['Registered True', 'Admitted False', 'Running False', 'Suspended True']],
    ['succeeded', {}, ['Registered True', 'Admitted False', 'Running False', 'Complete True']],
    ['diverged', {}, ['Registered True', 'Admitted False', 'Running False', 'Failed True']],
  ])('%s', (state, change, conditions) => {
    expect(told(state, change)).toEqual(conditions);
  });

  it('keeps the times of conditions that are as they were told before', () => {
    const first = statusOf(known, job(), new Date(BEFORE));
    const next = job({ state: 'admitted', live: true, epoch: 1 });
    const { conditions } = statusOf({ ...known, conditions: first.conditions! }, next, new Date(NOW));
    expect(conditions!.map(({ type, lastTransitionTime }) => [type, lastTransitionTime])).toEqual([
      ['Registered', BEFORE],
      ['Admitted', NOW],
      ['Running', BEFORE],
    ]);
  });

  it('cuts a long message, and no character in two', () => {
    const { message, conditions } = statusOf(
      known,
      job({ state: 'failed', message: `a${'😀'.repeat(600)}` }),
      new Date(),
    );
    expect(message).toBe(`a${'😀'.repeat(499)}`);
    expect(conditions!.at(-1)!.message).toBe(message);
  });

  it('says what the job waits for, how far it is, and of which generation of the object', () => {
    const progress = { done: 5, total: 9, unit: 'steps' } as MirroredJob['progress'];
    const status = statusOf(
      { ...known, waiting: 'Its pod finds no node.', generation: 2 },
      job({ progress }),
      new Date(),
    );
    expect(status).toMatchObject({
      ...{ phase: 'queued', message: 'Its pod finds no node.', progress: '5/9 steps', observedGeneration: 2 },
      conditions: [{ observedGeneration: 2 }, {}, {}],
    });
  });
});
