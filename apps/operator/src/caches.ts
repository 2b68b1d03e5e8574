import { once } from 'node:events';
import type { TrainingJob } from '@orestes/contracts';
import {
  Informer,
  JOBS,
  PODS,
  TRAINING_JOBS,
  type Job,
  type KubernetesClient,
  type Pod,
  type Stored,
} from '@orestes/kubernetes';
import { LABELS } from './act/children.js';

const ownerKey = ({ metadata }: { metadata?: { namespace?: string; labels?: Record<string, string> } }): string[] => {
  const name = metadata?.labels?.[LABELS.trainingJob];
  return name === undefined ? [] : [`${metadata?.namespace}/${name}`];
};

const STALE_MS = 60_000;

/** Copies of all objects that decisions hang on. */
export class Caches {
  readonly trainingJobs: Informer<TrainingJob>;
  readonly jobs: Informer<Job, 'owner'>;
  readonly pods: Informer<Pod, 'owner'>;

  constructor(client: KubernetesClient, namespace: string, onTrouble: (error: unknown) => void) {
    const ours = { namespace, labelSelector: LABELS.trainingJob, indexes: { owner: ownerKey }, onTrouble };
    this.trainingJobs = new Informer(client, TRAINING_JOBS, { namespace, onTrouble });
    this.jobs = new Informer<Job, 'owner'>(client, JOBS, ours);
    this.pods = new Informer<Pod, 'owner'>(client, PODS, ours);
  }

  get all() {
    return [this.trainingJobs, this.jobs, this.pods] as const;
  }

  /** Starts them; resolves when all have listed once, or the signal aborts. */
  async start(signal: AbortSignal): Promise<void> {
    for (const informer of this.all) informer.start();
    const aborted = signal.aborted ? Promise.resolve() : once(signal, 'abort');
    await Promise.race([Promise.all(this.all.map((informer) => informer.whenSynced())), aborted]);
  }

  async stop(): Promise<void> {
    await Promise.all(this.all.map((informer) => informer.stop()));
  }

  /** Tells the keys of TrainingJobs that something has changed for. The result ends it. */
  subscribe(onKey: (key: string) => void): () => void {
    const ends = [
      this.trainingJobs.subscribe(({ key }) => onKey(key)),
      ...[this.jobs, this.pods].map((informer) =>
        informer.subscribe((change) => ownerKey(change.new ?? change.old!).forEach(onKey)),
      ),
    ];
    return () => ends.forEach((end) => end());
  }

  /** The TrainingJob of a key with its Jobs and pods, or null. */
  family(key: string): { trainingJob: Stored<TrainingJob>; jobs: Stored<Job>[]; pods: Stored<Pod>[] } | null {
    const trainingJob = this.trainingJobs.get(key);
    if (!trainingJob) return null;
    const { uid } = trainingJob.metadata;
    const owned = (job: Job) => job.metadata?.ownerReferences?.some((owner) => owner.uid === uid) === true;
    return { trainingJob, jobs: this.jobs.byIndex('owner', key).filter(owned), pods: this.pods.byIndex('owner', key) };
  }

  /** Too old to decide by: a watch is broken, though the lease, on a connection of its own, may be renewed. */
  get stale(): boolean {
    return this.ageMs() > STALE_MS;
  }

  /** Since the apiserver was last heard, by the informer that has heard the least. Milliseconds. */
  ageMs(): number {
    return Math.max(...this.all.map((informer) => informer.ageMs()));
  }
}
