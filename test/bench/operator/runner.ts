import { setTimeout as sleep } from 'node:timers/promises';
import { Informer, JOBS, type Job, type KubernetesClient, type Stored } from '@orestes/kubernetes';
import type { Faults } from '../api/faults.js';
import { runMsOf } from './workload.js';

const OWNER = 'orestes.dev/training-job';
/** A worker's last words are waited for so long after its Job has ended: here there are none. */
const LAST_WORDS_MS = 5000;

/**
 * Stands in for kubelet and job controller: a Job that is not suspended runs for its time, and fails then as one does that has
 * used up its time, which ends its TrainingJob for good without a worker.
 */
export class Runner {
  /** When the Job of each object was seen unsuspended, by the object's name; `performance.now()`. */
  readonly started = new Map<string, number>();
  /** Objects whose Jobs have ended. */
  readonly ended = new Set<string>();
  /** GPU seconds from the start of each Job to its end. */
  gpuSeconds = 0;
  private readonly informer: Informer<Job>;

  constructor(
    private readonly client: KubernetesClient,
    private readonly namespace: string,
    private readonly faults: Faults,
  ) {
    this.informer = new Informer(client, JOBS, { namespace }); // a watch that ends is begun again
    this.informer.subscribe(({ new: job }) => {
      const name = job?.metadata.labels?.[OWNER];
      if (!job || name === undefined || job.spec?.suspend !== false || this.started.has(name)) return;
      this.started.set(name, performance.now());
      void this.run(name, job).catch((error: unknown) => faults.add(`ending ${name}: ${String(error)}`));
    });
  }

  async start(): Promise<void> {
    this.informer.start();
    await this.informer.whenSynced();
  }

  stop(): Promise<void> {
    return this.informer.stop();
  }

  private async run(name: string, { metadata, spec }: Stored<Job>): Promise<void> {
    if (!metadata.name.endsWith('-1')) this.faults.add(`${metadata.name} is not a first attempt`);
    const began = performance.now();
    const gpus = Number(spec!.template.spec!.containers[0]!.resources?.limits?.['nvidia.com/gpu'] ?? 0);
    await sleep(runMsOf(gpus));
    await this.client.patch(
      JOBS,
      { namespace: this.namespace, name: metadata.name },
      { merge: { status: overdue() } },
      { subresource: 'status' },
    );
    this.gpuSeconds += (gpus * (performance.now() - began)) / 1000;
    this.ended.add(name);
  }
}

function overdue(): Job['status'] {
  const at = new Date(Date.now() - LAST_WORDS_MS).toISOString().replace(/\.\d+Z$/, 'Z');
  const condition = (type: string) => ({
    ...{ type, status: 'True', reason: 'DeadlineExceeded', message: 'it ran for its time', lastTransitionTime: at },
  });
  return { startTime: at, conditions: [condition('FailureTarget'), condition('Failed')] };
}
