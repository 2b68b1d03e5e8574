import { describe, expect, it } from '@jest/globals';
import { JOB_LABEL, type MirroredJob, type TrainingJob } from '@orestes/contracts';
import { knownJob } from './known-job.js';

const id = '01900000-0000-7000-8000-0123456789ab';
const job = (version: number, change: Partial<MirroredJob> = {}): MirroredJob => ({
  ...{ id, state: 'queued', message: 'm', version, epoch: 0, live: false, priority: 3 },
  ...change,
});
const object = (name: string, told?: MirroredJob, label: string | null = id): TrainingJob => ({
  ...{ apiVersion: 'orestes.dev/v1alpha1', kind: 'TrainingJob' },
  metadata: { name, namespace: 'n', labels: label === null ? {} : { [JOB_LABEL]: label } },
  spec: { corpus: { name: 'j', priority: 3 } } as TrainingJob['spec'],
  ...(told && { status: { job: told } }),
});
const own = 'j-0123456789ab';
const fresh = job(0, { message: '' });
const saved = { savedAt: '2026-01-01T00:00:00Z' };

describe('the job of an object', () => {
  it.each<[string, TrainingJob, MirroredJob | undefined, MirroredJob | undefined]>([
    ['is what its status says', object('any', job(2)), undefined, job(2)],
    ['is the answer, where that is newer', object('any', job(2)), job(3), job(3)],
    ['is the answer, before there is a status', object('any'), job(1), job(1)],
    ['is what its status says, where the answer is older', object('any', job(3)), job(2), job(3)],
    ['is what its status says, where the answer is as old', object('any', job(3, saved)), job(3), job(3, saved)],
    ['was saved when its status says', object('any', job(2, saved)), job(3), job(3, saved)],
    ['is new, where the service has just made the object', object(own), undefined, fresh],
    ['is what its status says, whatever its label, by its name', object(own, job(2), 'other'), undefined, job(2)],
    ['is not what was told of the last object of its name', object('any', job(2), null), undefined, undefined],
    ['is the answer, where the last object of its name was told of', object('any', job(9), null), job(1), job(1)],
    ["is not known, where a copy has another's label", object('copy'), undefined, undefined],
    ['is not known, where nobody has registered it', object(own, undefined, null), undefined, undefined],
  ])('%s', (_, trainingJob, answer, known) => {
    expect(knownJob(trainingJob, answer)).toEqual(known);
  });
});
