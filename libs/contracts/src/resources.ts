import { z } from 'zod';

const QUEUE = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

/** What a job asks of a cluster. A service on one machine passes over it. */
export const Resources = z.strictObject({
  queue: z
    .string()
    .regex(QUEUE, 'lower-case letters, digits and dashes, 1 to 63 characters')
    .default('default')
    .describe("The cluster's queue that the job waits in, and whose quota it uses."),
  gpus: z
    .int()
    .min(0)
    .max(64)
    .optional()
    .describe('GPUs of each host; left out: `engine.devices` with `engine.device: cuda`, else none.'),
  gpuProduct: z
    .string()
    .regex(/^[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/, "a node's label: 1 to 63 of A-Z, a-z, 0-9 and . _ -")
    .optional()
    .describe('Nodes with this label nvidia.com/gpu.product alone, for example NVIDIA-H100-80GB-HBM3; left out: any.'),
  hosts: z
    .int()
    .min(1)
    .max(64)
    .default(1)
    .describe('Pods, all started together or none. The trainer computes on one host.'),
  cpus: z.number().min(0.1).max(1024).default(2).describe('CPU cores of each host.'),
  memoryGiB: z.number().min(0.25).max(65536).default(4).describe('Memory of each host, also its limit.'),
  sharedMemoryGiB: z.number().min(0.0625).max(4096).default(1).describe('/dev/shm of each host, a part of its memory.'),
  maxRuntimeSeconds: z
    .int()
    .min(1)
    .max(31_536_000)
    .optional()
    .describe(
      'An attempt that takes longer fails, in a cluster with the time that its pods look for nodes; left out: none is cut off.',
    ),
});
export type Resources = z.infer<typeof Resources>;

/** Of a worker's spec as it was given: what has a default may be left out. */
interface Given {
  kind: string;
  resources?: { gpus?: number | undefined } | undefined;
  engine?: { device?: 'cpu' | 'cuda' | undefined; devices?: number | undefined } | undefined;
}

/** GPUs of each host. A corpus is made without any. */
export function gpusPerHost({ kind, resources, engine }: Given): number {
  if (kind === 'corpus') return 0;
  return resources?.gpus ?? (engine?.device === 'cuda' ? (engine.devices ?? 1) : 0);
}
