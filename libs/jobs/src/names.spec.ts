import { describe, expect, it } from '@jest/globals';
import { attemptIdOf, attemptNameOf, attemptOfPod, objectNameOf } from './names.js';

const id = '01900000-0000-7000-8000-0123456789ab';

/** As the Job controller makes it (kubernetes: pkg/controller/job/indexed_job_utils.go, podGenerateNameWithIndex). */
function podPrefix(job: string, index: number): string {
  const end = `-${index}-`;
  return job.slice(0, 58 - end.length) + end;
}

describe('names', () => {
  it.each([
    ['village', 'village-0123456789ab'],
    ['1st', 'j1st-0123456789ab'],
    [`${'a'.repeat(36)}-${'b'.repeat(20)}`, `${'a'.repeat(36)}-0123456789ab`],
    ['c'.repeat(60), `${'c'.repeat(37)}-0123456789ab`],
  ])("%s's object is %s", (name, object) => {
    expect(objectNameOf({ id, name })).toBe(object);
    const pod = `${podPrefix(attemptNameOf(object, 999), 63)}x7k2p`;
    expect(attemptOfPod(pod)).toEqual({ object, epoch: 999 });
  });

  it.each<[string, ReturnType<typeof attemptOfPod>]>([
    [`${attemptNameOf('village-0123456789ab', 12)}-0-x7k2p`, { object: 'village-0123456789ab', epoch: 12 }],
    ['by-hand-1-3-abcde', { object: 'by-hand', epoch: 1 }],
    ['orestes-api-7d4f8-x2x2x', null],
  ])('pod %s', (pod, attempt) => {
    expect(attemptOfPod(pod)).toEqual(attempt);
  });

  it('attempts have ids of version 8 that follow from job and number', () => {
    expect(attemptIdOf(id, 1)).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(attemptIdOf(id, 1)).toBe(attemptIdOf(id, 1));
    expect(attemptIdOf(id, 2)).not.toBe(attemptIdOf(id, 1));
  });
});
