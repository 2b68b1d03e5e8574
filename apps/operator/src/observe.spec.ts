import { describe, expect, it } from '@jest/globals';
import type { Pod } from '@orestes/kubernetes';
import { attemptsOf } from './observe.js';

const terminated = (name: string, exitCode: number) => ({
  ...{ name, image: 'i', imageID: 'i', ready: false, restartCount: 0 },
  state: { terminated: { exitCode, reason: 'Error' } },
});
const ofJob = (status: Pod['status']) => {
  const ownerReferences = [{ apiVersion: 'batch/v1', kind: 'Job', name: 'j-1', uid: 'u' }];
  const job = { metadata: { name: 'j-1', uid: 'u', labels: { 'orestes.dev/attempt': '1' } } };
  return attemptsOf([job], [{ metadata: { name: 'p', ownerReferences }, status }])[0]!.pods[0]!;
};

describe('a pod', () => {
  it("ends with its worker's exit, not with that of a container that a mesh has set beside it", () => {
    const containerStatuses = [terminated('a-proxy', 0), terminated('worker', 75)];
    expect(ofJob({ phase: 'Failed', containerStatuses }).exit).toEqual({ code: 75, reason: 'Error' });
    expect(ofJob({ phase: 'Running', containerStatuses: [terminated('a-proxy', 0)] }).exit).toBeNull();
  });

  it('that its kubelet has rejected says so', () => {
    const status = { phase: 'Failed', reason: 'UnexpectedAdmissionError', message: 'Pod was rejected: no device' };
    expect(ofJob(status).rejected).toBe('Pod was rejected: no device');
    expect(ofJob({ phase: 'Failed', reason: 'OutOfcpu' }).rejected).toBe('OutOfcpu');
    expect(ofJob({ ...status, containerStatuses: [terminated('worker', 1)] }).rejected).toBeNull();
    expect(ofJob({ phase: 'Failed' }).rejected).toBeNull();
    expect(ofJob({ phase: 'Pending', message: 'being made' }).rejected).toBeNull();
  });
});
