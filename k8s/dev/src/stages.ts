/**
 * How simulated nodes and pods live, as kwok's stages (https://kwok.sigs.k8s.io/docs/user/stages-configuration/): a selector
 * over the object, a delay, and a template of what then changes in its status.
 */
import { SIMULATED_EXIT_CODE, SIMULATED_SECONDS } from './annotations.js';

const HEARTBEAT_MS = 300_000; // as a kubelet's, which between them only renews its lease
const DEFAULT_SECONDS = 1;

interface Requirement {
  /** A jq expression. */
  key: string;
  operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist';
  values?: string[];
}

interface Stage {
  name: string;
  kind: 'Node' | 'Pod';
  when: Requirement[];
  delay?: { durationMilliseconds: number; durationFrom?: { expressionFrom: string } };
  next: { statusTemplate: string } | { delete: true };
}

const exists = (key: string): Requirement => ({ key, operator: 'Exists' });
const without = (key: string): Requirement => ({ key, operator: 'DoesNotExist' });
const phase = (...values: string[]): Requirement => ({ key: '.status.phase', operator: 'In', values });

const READY = '.status.conditions[]? | select(.type == "Ready") | .status';
const DELETED = '.metadata.deletionTimestamp';

/** Conditions of a healthy node; what it can hold stays as it was created. */
const healthy = `
conditions:
{{ range NodeConditions }}
- type: {{ .type | Quote }}
  status: {{ .status | Quote }}
  reason: {{ .reason | Quote }}
  message: {{ .message | Quote }}
  lastHeartbeatTime: {{ Now | Quote }}
  lastTransitionTime: {{ $.metadata.creationTimestamp | Quote }}
{{ end }}
addresses:
- type: InternalIP
  address: {{ NodeIP | Quote }}
- type: Hostname
  address: {{ .metadata.name | Quote }}
`;

const condition = (type: string, status: string) => `
- type: ${type}
  status: "${status}"
  lastTransitionTime: {{ Now | Quote }}`;

const running = `
phase: Running
startTime: {{ Now | Quote }}
hostIP: {{ NodeIPWith .spec.nodeName | Quote }}
podIP: {{ PodIPWith .spec.nodeName (or .spec.hostNetwork false) .metadata.uid .metadata.name .metadata.namespace | Quote }}
conditions:${['Initialized', 'ContainersReady', 'Ready'].map((type) => condition(type, 'True')).join('')}
containerStatuses:
{{ range .spec.containers }}
- name: {{ .name | Quote }}
  image: {{ .image | Quote }}
  imageID: ""
  ready: true
  started: true
  restartCount: 0
  state:
    running:
      startedAt: {{ Now | Quote }}
{{ end }}
`;

/** @param code Go template that gives the containers' exit code */
const ended = (code: string) => `
{{ $code := ${code} }}
{{ $started := or .status.startTime Now }}
phase: {{ if eq $code "0" }}Succeeded{{ else }}Failed{{ end }}
conditions:${['ContainersReady', 'Ready'].map((type) => condition(type, 'False')).join('')}
containerStatuses:
{{ range .spec.containers }}
- name: {{ .name | Quote }}
  image: {{ .image | Quote }}
  imageID: ""
  ready: false
  started: false
  restartCount: 0
  state:
    running: null
    waiting: null
    terminated:
      exitCode: {{ $code }}
      reason: {{ if eq $code "0" }}Completed{{ else }}Error{{ end }}
      startedAt: {{ $started | Quote }}
      finishedAt: {{ Now | Quote }}
{{ end }}
`;

const chosenCode = `or (index (or .metadata.annotations dict) "${SIMULATED_EXIT_CODE}") "0"`;
const TERMINATED = '"143"'; // 128 + SIGTERM

const STAGES: Stage[] = [
  {
    name: 'node-ready',
    kind: 'Node',
    when: [{ key: READY, operator: 'NotIn', values: ['True'] }],
    next: { statusTemplate: healthy },
  },
  {
    name: 'node-heartbeat',
    kind: 'Node',
    when: [{ key: READY, operator: 'In', values: ['True'] }],
    delay: { durationMilliseconds: HEARTBEAT_MS },
    next: { statusTemplate: healthy },
  },
  {
    name: 'pod-running',
    kind: 'Pod',
    when: [without(DELETED), phase('Pending')],
    next: { statusTemplate: running },
  },
  {
    name: 'pod-ended',
    kind: 'Pod',
    when: [
      without(DELETED),
      phase('Running'),
      { key: '.spec.restartPolicy', operator: 'In', values: ['Never', 'OnFailure'] },
    ],
    delay: {
      durationMilliseconds: DEFAULT_SECONDS * 1000,
      durationFrom: { expressionFrom: `(.metadata.annotations["${SIMULATED_SECONDS}"] // empty) + "s"` },
    },
    next: { statusTemplate: ended(chosenCode) },
  },
  // As a kubelet does: first the containers end, and their Job counts it, then the pod goes.
  {
    name: 'pod-terminated',
    kind: 'Pod',
    when: [exists(DELETED), phase('Pending', 'Running')],
    next: { statusTemplate: ended(TERMINATED) },
  },
  {
    name: 'pod-deleted',
    kind: 'Pod',
    when: [
      exists(DELETED),
      phase('Succeeded', 'Failed'),
      // 0: it has been deleted, and only waits for a finalizer.
      { key: '.metadata.deletionGracePeriodSeconds | tostring', operator: 'NotIn', values: ['0'] },
    ],
    next: { delete: true },
  },
];

/** kwok's configuration file: documents in JSON, which is YAML. */
export function kwokConfiguration(): string {
  const options = {
    kind: 'KwokConfiguration',
    metadata: { name: 'kwok' },
    // Without these kwok 0.8 ends with "must be greater than 0" when a file is given.
    options: {
      podPlayStageParallelism: 32,
      nodePlayStageParallelism: 16,
      nodeLeaseParallelism: 4,
      podsOnNodeSyncParallelism: 4,
      nodeLeaseDurationSeconds: 40,
    },
  };
  const stages = STAGES.map(({ name, kind, when, delay, next }) => ({
    kind: 'Stage',
    metadata: { name },
    spec: { resourceRef: { apiGroup: 'v1', kind }, selector: { matchExpressions: when }, delay, next },
  }));
  return [
    { apiVersion: 'config.kwok.x-k8s.io/v1alpha1', ...options },
    ...stages.map((stage) => ({ apiVersion: 'kwok.x-k8s.io/v1alpha1', ...stage })),
  ]
    .map((document) => JSON.stringify(document))
    .join('\n---\n');
}
