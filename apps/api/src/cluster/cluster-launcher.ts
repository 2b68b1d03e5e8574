import type { Launcher } from '../dispatch/launcher.js';

/**
 * Pods are started and ended by the operator, which learns from a job's object, and from answers, what the database decided:
 * there is nothing left to do here. Whether a pod is gone is the operator's to tell; a worker that is silent counts as lost all the same.
 */
export class ClusterLauncher implements Launcher {
  launch(): Promise<void> {
    return Promise.reject(new Error('in a cluster attempts begin by the operator'));
  }

  stop(): Promise<void> {
    return Promise.resolve();
  }

  kill(): Promise<void> {
    return Promise.resolve();
  }

  isGone(): boolean {
    return false;
  }

  lastWords(): Promise<string[]> {
    return Promise.resolve([]);
  }

  /** Pods outlive the service. */
  stopAll(): Promise<void> {
    return Promise.resolve();
  }
}
