import { gpusPerHost, specOf, type TrainingJob } from '@orestes/contracts';
import { attemptIdOf, attemptNameOf } from '@orestes/jobs';
import type { Applied, Job, Service } from '@orestes/kubernetes';
import type { OperatorConfig } from '../config.js';
import { kueueLabels } from './kueue.js';

/** Labels of what the operator makes. */
export const LABELS = {
  /** Name of the TrainingJob; on Jobs and pods. */
  trainingJob: 'orestes.dev/training-job',
  epoch: 'orestes.dev/attempt',
} as const;
export const PREEMPTED_FOR = 'orestes.dev/preempted-for';

/** The container; a mesh may set others beside it. */
export const WORKER = 'worker';
const SHARED_MEMORY = 'shared-memory';
const SCRATCH = 'scratch';
const TOKEN = 'token';
const TOKEN_PATH = '/var/run/orestes';
/** Where PJRT's distributed client of host 0 listens. */
const RENDEZVOUS_PORT = 8476;
/** Kubernetes renews a pod's token at four fifths of this. */
const TOKEN_SECONDS = 3600;
/** Any user but root; the image has none of its own. */
const USER = 65532;

type Pods = Pick<OperatorConfig, 'pods' | 'api' | 'audience' | 'kueue'>;

const owner = ({ metadata }: TrainingJob) => ({
  ...{ apiVersion: 'orestes.dev/v1alpha1', kind: 'TrainingJob', name: metadata.name, uid: metadata.uid! },
  ...{ controller: true, blockOwnerDeletion: true },
});

/**
 * The Job of an attempt; suspended, where it is Kueue that starts it. A pod that fails ends it: the next attempt is a new Job, so
 * that all hosts begin together, under an epoch that fences what is left of the last one.
 */
export function attemptJob(
  trainingJob: TrainingJob,
  epoch: number,
  config: Pods,
  admission: 'kueue' | 'own',
): Applied<Job> {
  const { metadata } = trainingJob;
  const spec = specOf(trainingJob);
  const { resources } = spec;
  const name = attemptNameOf(metadata.name, epoch);
  const labels = { [LABELS.trainingJob]: metadata.name, [LABELS.epoch]: String(epoch) };
  const queue = resources?.queue ?? 'default';
  return {
    metadata: {
      name,
      namespace: metadata.namespace,
      labels: {
        ...labels,
        ...(admission === 'kueue' && kueueLabels(queue, trainingJob.status!.job!.priority, config.kueue)),
      },
      ownerReferences: [owner(trainingJob)],
    },
    spec: {
      suspend: admission === 'kueue',
      completionMode: 'Indexed',
      completions: resources?.hosts ?? 1,
      parallelism: resources?.hosts ?? 1,
      backoffLimit: 0,
      podReplacementPolicy: 'Failed',
      podFailurePolicy: {
        rules: [{ action: 'FailJob', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] }],
      },
      ttlSecondsAfterFinished: 3600,
      ...(resources?.maxRuntimeSeconds && { activeDeadlineSeconds: resources.maxRuntimeSeconds }),
      template: {
        metadata: { labels, annotations: config.pods.annotations },
        spec: podSpec(trainingJob, epoch, config),
      },
    },
  };
}

type PodSpec = NonNullable<NonNullable<Applied<Job>['spec']>['template']>['spec'];

function podSpec(trainingJob: TrainingJob, epoch: number, { pods, api, audience }: Pods): PodSpec {
  const spec = specOf(trainingJob);
  const { hosts = 1, cpus = 2, memoryGiB = 4, sharedMemoryGiB = 1, gpuProduct } = spec.resources ?? {};
  const { name } = trainingJob.metadata;
  const gpus = gpusPerHost(spec);
  const job = trainingJob.status!.job!.id;
  const memory = `${Math.round(memoryGiB * 1024)}Mi`;
  const rendezvous = {
    ORESTES_HOSTS: String(hosts),
    ORESTES_COORDINATOR: `${attemptNameOf(name, epoch)}-0.${name}:${RENDEZVOUS_PORT}`,
  };
  const env = {
    ...pods.env,
    ORESTES_API: api,
    ORESTES_ATTEMPT: attemptIdOf(job, epoch),
    ORESTES_TOKEN_FILE: `${TOKEN_PATH}/token`,
    ORESTES_CACHE: '/scratch/cache',
    TMPDIR: '/scratch',
    ...(hosts > 1 && rendezvous),
  };
  return {
    serviceAccountName: pods.serviceAccount,
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    restartPolicy: 'Never',
    terminationGracePeriodSeconds: pods.graceSeconds,
    ...(hosts > 1 && { subdomain: name }),
    ...(pods.runtimeClass && { runtimeClassName: pods.runtimeClass }),
    ...(pods.priorityClass && { priorityClassName: pods.priorityClass }),
    nodeSelector: { ...pods.nodeSelector, ...(gpus > 0 && gpuProduct && { [pods.gpuProductLabel]: gpuProduct }) },
    tolerations: [
      ...pods.tolerations,
      ...(gpus > 0 ? [{ key: pods.gpuResource, operator: 'Exists', effect: 'NoSchedule' }] : []),
    ],
    ...(hosts > 1 && { affinity: sameZone(name) }),
    ...(pods.imagePullSecrets.length > 0 && {
      imagePullSecrets: pods.imagePullSecrets.map((each) => ({ name: each })),
    }),
    securityContext: {
      runAsNonRoot: true,
      runAsUser: USER,
      runAsGroup: USER,
      fsGroup: USER,
      seccompProfile: { type: 'RuntimeDefault' },
    },
    containers: [
      {
        name: WORKER,
        image: gpus > 0 ? pods.images.cuda : pods.images.cpu,
        env: Object.entries(env).map(([key, value]) => ({ name: key, value })),
        ...(pods.storeSecret && { envFrom: [{ secretRef: { name: pods.storeSecret } }] }),
        resources: {
          requests: { cpu: String(cpus), memory },
          limits: { memory, ...(gpus > 0 && { [pods.gpuResource]: String(gpus) }) },
        },
        securityContext: {
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ['ALL'] },
        },
        terminationMessagePolicy: 'FallbackToLogsOnError',
        volumeMounts: [
          { name: TOKEN, mountPath: TOKEN_PATH, readOnly: true },
          { name: SHARED_MEMORY, mountPath: '/dev/shm' },
          { name: SCRATCH, mountPath: '/scratch' },
        ],
      },
    ],
    volumes: [
      {
        name: TOKEN,
        projected: {
          sources: [{ serviceAccountToken: { audience, expirationSeconds: TOKEN_SECONDS, path: 'token' } }],
        },
      },
      { name: SHARED_MEMORY, emptyDir: { medium: 'Memory', sizeLimit: `${Math.round(sharedMemoryGiB * 1024)}Mi` } },
      { name: SCRATCH, emptyDir: {} },
    ],
  };
}

/** Hosts of a job talk at every step: one zone for all of them, where that can be had. */
const sameZone = (name: string) => ({
  podAffinity: {
    preferredDuringSchedulingIgnoredDuringExecution: [
      {
        weight: 100,
        podAffinityTerm: {
          labelSelector: { matchLabels: { [LABELS.trainingJob]: name } },
          topologyKey: 'topology.kubernetes.io/zone',
        },
      },
    ],
  },
});

/** Names for the hosts of a job of several: JOB-0.NAME is the first one's. */
export function rendezvousService(trainingJob: TrainingJob): Applied<Service> {
  const { name, namespace } = trainingJob.metadata;
  return {
    metadata: { name, namespace, ownerReferences: [owner(trainingJob)], labels: { [LABELS.trainingJob]: name } },
    spec: {
      clusterIP: 'None',
      publishNotReadyAddresses: true,
      selector: { [LABELS.trainingJob]: name },
      ports: [{ name: 'rendezvous', port: RENDEZVOUS_PORT }],
    },
  };
}
