import { FINALIZER, JOB_LABEL, KIND_LABEL, specOf, type MirroredJob, type TrainingJob } from '@orestes/contracts';
import {
  hasReason,
  isRefusal,
  JOBS,
  KubernetesError,
  SERVICES,
  TRAINING_JOBS,
  type Applied,
  type KubernetesClient,
  type KubernetesObject,
  type Resource,
  type Stored,
} from '@orestes/kubernetes';
import type { OperatorConfig } from '../config.js';
import type { Action } from '../decide/observed.js';
import type { ClusterApi } from './api.js';
import { attemptJob, PREEMPTED_FOR, rendezvousService } from './children.js';

/** What acts write with. */
export interface Hands {
  kubernetes: KubernetesClient;
  api: ClusterApi;
  config: OperatorConfig;
  admission: 'kueue' | 'own';
  /** The TrainingJob as it was when the action was decided, with its job where it has one. */
  trainingJob: Stored<TrainingJob>;
  /** Throws where this process does not lead any more. */
  assertLeader: () => void;
  /** Told of the job as the service's database has it by now: its object follows a little later. */
  told: (job: MirroredJob) => void;
}

type Act<K extends Action['kind']> = (hands: Hands, action: Extract<Action, { kind: K }>) => Promise<unknown>;

/** One way to carry out each action. Every one may be carried out again after it was cut off anywhere. */
export const acts: { [K in Exclude<Action['kind'], 'wait'>]: Act<K> } = {
  hold: (hands) => setFinalizers(hands, (finalizers) => [...finalizers, FINALIZER]),
  release: (hands) => setFinalizers(hands, (finalizers) => finalizers.filter((each) => each !== FINALIZER)),
  remove: ({ kubernetes, trainingJob }) => {
    const { uid } = trainingJob.metadata;
    return kubernetes.delete(TRAINING_JOBS, refTo(trainingJob), { preconditions: { uid } });
  },
  register: async ({ api, trainingJob, kubernetes, told }) => {
    const job = await api.register(trainingJob);
    const labels = { [JOB_LABEL]: job.id, [KIND_LABEL]: specOf(trainingJob).kind };
    await kubernetes.patch(TRAINING_JOBS, refTo(trainingJob), { merge: { metadata: { labels } } });
    told(job);
  },
  ask: async ({ api, kubernetes, trainingJob, told }, { request, asked }) => {
    const job = await api.ask(trainingJob, request);
    // Noted after it was passed on: asked twice, it does nothing the second time.
    if (asked !== null)
      await kubernetes.patch(
        TRAINING_JOBS,
        refTo(trainingJob),
        { merge: { status: { suspendAsked: asked } } },
        { subresource: 'status' },
      );
    told(job);
  },
  createJob: async (hands, { epoch }) => {
    const refusal = await createJob(hands, epoch);
    if (!refusal) return;
    await hands.api.waiting(hands.trainingJob, unmade(refusal));
    throw refusal; // no attempt has begun that could end: it is tried again
  },
  deleteJob: ({ kubernetes, trainingJob }, { name, uid }) =>
    kubernetes
      .delete(JOBS, jobOf(trainingJob, name), { propagationPolicy: 'Foreground', preconditions: { uid } })
      .catch(ignoreConflict),
  suspendJob: ({ kubernetes, trainingJob }, { name, preemptedFor }) => {
    const annotations = preemptedFor === null ? {} : { metadata: { annotations: { [PREEMPTED_FOR]: preemptedFor } } };
    return kubernetes.patch(JOBS, jobOf(trainingJob, name), { merge: { ...annotations, spec: { suspend: true } } });
  },
  unsuspendJob: ({ kubernetes, trainingJob }, { name }) =>
    kubernetes.patch(JOBS, jobOf(trainingJob, name), { merge: { spec: { suspend: false } } }),
  begin: async (hands, { epoch }) => {
    const { api, trainingJob, admission, told } = hands;
    const job = await api.begin(trainingJob, epoch);
    told(job);
    if (admission === 'kueue' || job.state !== 'admitted' || job.epoch !== epoch) return;
    const refusal = await createJob(hands, epoch);
    if (refusal) told(await api.end(trainingJob, epoch, { outcome: 'lost', message: unmade(refusal) }));
  },
  end: async ({ api, kubernetes, trainingJob, told }, { kind: _, epoch, unless, ...ending }) => {
    if (unless !== null && (await kubernetes.find(JOBS, jobOf(trainingJob, unless)))) return; // it is told soon
    told(await api.end(trainingJob, epoch, ending));
  },
};

export const act = (hands: Hands, action: Exclude<Action, { kind: 'wait' }>): Promise<unknown> =>
  (acts[action.kind] as Act<typeof action.kind>)(hands, action);

const refTo = ({ metadata: { namespace, name } }: Stored<TrainingJob>) => ({ namespace, name });
const jobOf = ({ metadata: { namespace } }: Stored<TrainingJob>, name: string) => ({ namespace, name });

/**
 * Makes the Job of an attempt, and what belongs to it.
 * @returns the error where the cluster refuses it
 * @throws what else kept it from being made; what the apiserver answered, the job is told
 */
async function createJob(hands: Hands, epoch: number): Promise<KubernetesError | null> {
  const { trainingJob, config, admission, assertLeader, api } = hands;
  const job = attemptJob(trainingJob, epoch, config, admission);
  try {
    if ((job.spec?.completions ?? 1) > 1) await create(hands, SERVICES, rendezvousService(trainingJob));
    assertLeader(); // it may have been stopped, or answered late, since it was decided
    await create(hands, JOBS, job);
    return null;
  } catch (error) {
    if (isRefusal(error)) return error;
    if (error instanceof KubernetesError && error.status > 0) await api.waiting(trainingJob, unmade(error));
    throw error;
  }
}

/**
 * Makes what a TrainingJob owns, where it is not there. Not applied: a Job that there is already, and that was not seen yet, may
 * have been suspended or started since; and what is another's is not to be taken over.
 * @throws KubernetesError reason AlreadyExists where the name is another's; Conflict where it is an earlier object's, and goes
 */
async function create<T extends KubernetesObject>(
  { kubernetes, trainingJob }: Hands,
  of: Resource<T>,
  object: Applied<T>,
): Promise<void> {
  await kubernetes.create(of, object as T).catch(async (error: unknown) => {
    if (!hasReason(error, 'AlreadyExists')) throw error;
    const found = await kubernetes.find(of, object.metadata);
    const owner = found?.metadata.ownerReferences?.find(({ controller }) => controller);
    if (owner?.uid === trainingJob.metadata.uid) return;
    if (found && owner?.kind !== trainingJob.kind) throw error;
    const message = `${object.metadata.name}: what an earlier TrainingJob of this name had made is being removed`;
    throw new KubernetesError(message, { status: 409, reason: 'Conflict', sent: true }, { cause: error });
  });
}

const unmade = ({ message }: KubernetesError): string => `its Job can't be made: ${message}`;

/** Under the version that was seen: finalizers of others that came meanwhile are not lost. */
function setFinalizers(
  { kubernetes, trainingJob }: Hands,
  change: (finalizers: string[]) => string[],
): Promise<unknown> {
  const { resourceVersion, finalizers = [] } = trainingJob.metadata;
  const metadata = { resourceVersion, finalizers: change(finalizers) };
  return kubernetes.patch(TRAINING_JOBS, refTo(trainingJob), { merge: { metadata } }).catch((error: unknown) => {
    if (!hasReason(error, 'NotFound')) throw error; // it is gone: nothing is left to hold
  });
}

/** Another Job has the name by now: its own turn comes. */
function ignoreConflict(error: unknown): void {
  if (!hasReason(error, 'Conflict')) throw error;
}
