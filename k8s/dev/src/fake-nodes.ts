import { setTimeout as sleep } from 'node:timers/promises';
import { SIMULATED_NODE } from './annotations.js';
import type { ApiClient } from './api.js';
import { ClusterError } from './errors.js';

/** What simulated nodes are like. */
export interface FakeNodes {
  /** nvidia.com/gpu on each. Default 8. */
  gpus?: number;
  /** The label nvidia.com/gpu.product. Default NVIDIA-H100-80GB-HBM3. */
  product?: string;
  /** Names are PREFIX-0000 and so on. Default gpu; nodes of one prefix are numbered on. */
  prefix?: string;
  /** More labels: a rack, a zone. */
  labels?: (index: number) => Record<string, string>;
}

const SHARED = { cpu: '96', memory: '1000Gi', 'ephemeral-storage': '1000Gi', pods: '110' };
const POLL_MS = 100;
const READY_MS = 120_000;

interface Node {
  metadata: { name: string };
  status: { conditions?: { type: string; status: string }[] };
}

/**
 * @returns the names, when all are ready
 * @throws ClusterError NOT_STARTED when one is refused, or not ready in two minutes
 */
export async function addFakeNodes(api: ApiClient, count: number, nodes: FakeNodes = {}): Promise<string[]> {
  const prefix = nodes.prefix ?? 'gpu';
  const first = (await list(api, prefix)).length;
  const wanted = Array.from({ length: count }, (_, i) => manifest(prefix, first + i, nodes));
  await Promise.all(wanted.map((node) => create(api, node)));
  const names = wanted.map((node) => node.metadata.name);
  for (let waited = 0; waited < READY_MS; waited += POLL_MS) {
    const ready = new Set((await list(api, prefix)).filter(isReady).map((node) => node.metadata.name));
    if (names.every((name) => ready.has(name))) return names;
    await sleep(POLL_MS);
  }
  throw new ClusterError('NOT_STARTED', `simulated nodes ${prefix}-…: not all ready in ${READY_MS / 1000} s`);
}

function manifest(prefix: string, index: number, nodes: FakeNodes) {
  const name = `${prefix}-${String(index).padStart(4, '0')}`;
  const resources = { ...SHARED, 'nvidia.com/gpu': String(nodes.gpus ?? 8) };
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name,
      annotations: SIMULATED_NODE,
      labels: {
        'kubernetes.io/hostname': name,
        'kubernetes.io/os': 'linux',
        'kubernetes.io/arch': 'amd64',
        'nvidia.com/gpu.product': nodes.product ?? 'NVIDIA-H100-80GB-HBM3',
        [SIMULATED_BY]: prefix,
        ...nodes.labels?.(index),
      },
    },
    status: { capacity: resources, allocatable: resources },
  };
}

/** A label: which batch a simulated node is of. */
export const SIMULATED_BY = 'orestes.dev/simulated';

async function create(api: ApiClient, node: ReturnType<typeof manifest>): Promise<void> {
  const { status, body } = await api.send('POST', '/api/v1/nodes', node);
  if (status !== 201)
    throw new ClusterError('NOT_STARTED', `node ${node.metadata.name}: ${status} ${JSON.stringify(body)}`);
}

async function list(api: ApiClient, prefix: string): Promise<Node[]> {
  const selector = encodeURIComponent(`${SIMULATED_BY}=${prefix}`);
  const { status, body } = await api.send('GET', `/api/v1/nodes?labelSelector=${selector}`);
  if (status !== 200) throw new ClusterError('NOT_STARTED', `the nodes cannot be listed: ${status}`);
  return (body as { items: Node[] }).items;
}

const isReady = ({ status }: Node) =>
  status.conditions?.some((condition) => condition.type === 'Ready' && condition.status === 'True') ?? false;
