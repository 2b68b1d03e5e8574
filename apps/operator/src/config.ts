import { readFileSync } from 'node:fs';
import { parseDocument, UserError } from '@orestes/contracts';
import { parse } from 'yaml';
import { z } from 'zod';
import { Kueue } from './act/kueue.js';
import { Queue } from './admission/quotas.js';

const text = z.string().min(1);
const seconds = z.number().min(0).max(31_536_000);
/** Handed on to Kubernetes, which checks it. */
const verbatim = z.record(z.string(), z.unknown());

/** The operator's configuration file (YAML): what the chart's values give. */
export const OperatorFile = z.strictObject({
  namespace: text,
  /** Where the operator and the pods find the API. */
  api: z.url(),
  /** Audience of the tokens by which they are told there. */
  audience: text.default('orestes-api'),
  /** `auto`: Kueue where its CRDs are there. */
  admission: z.enum(['auto', 'kueue', 'own']).default('auto'),
  /** Where Kueue admits. */
  kueue: Kueue.prefault({}),
  queues: z
    .array(Queue)
    .min(1)
    .refine((queues) => new Set(queues.map(({ name }) => name)).size === queues.length, 'two queues have one name')
    .default([{ name: 'default', gpus: { '*': 8 } }]),
  pods: z.strictObject({
    images: z.strictObject({ cpu: text, cuda: text }),
    serviceAccount: text.default('orestes-worker'),
    /** Between SIGTERM and SIGKILL: long enough for a checkpoint; whole ones, as pods have them. */
    graceSeconds: seconds.int().default(120),
    gpuResource: z.enum(['nvidia.com/gpu', 'amd.com/gpu']).default('nvidia.com/gpu'),
    gpuProductLabel: text.default('nvidia.com/gpu.product'),
    runtimeClass: text.optional(),
    priorityClass: text.optional(),
    nodeSelector: z.record(z.string(), z.string()).default({}),
    tolerations: z.array(verbatim).default([]),
    imagePullSecrets: z.array(text).default([]),
    /** Secret with the object store's keys and endpoint, as environment variables. */
    storeSecret: text.optional(),
    env: z.record(z.string(), z.string()).default({}),
    /** Of every pod: for a mesh, an autoscaler. */
    annotations: z.record(z.string(), z.string()).default({}),
  }),
  /** After which an ended job's object is removed. */
  ttlSeconds: seconds.default(604_800),
  /** Requests to the apiserver a second; left out: as many as there are. */
  qps: z.number().positive().optional(),
  election: z
    .strictObject({
      leaseSeconds: seconds.default(15),
      renewSeconds: seconds.default(10),
      retrySeconds: seconds.default(2),
    })
    .refine(
      (election) => election.retrySeconds < election.renewSeconds && election.renewSeconds < election.leaseSeconds,
      {
        message: 'retrySeconds must be less than renewSeconds, and that less than leaseSeconds',
      },
    )
    .prefault({}),
});
export type OperatorFile = z.infer<typeof OperatorFile>;

export interface OperatorConfig extends OperatorFile {
  /** File of the operator's own token for the API; renewed by the kubelet. */
  tokenFile: string;
  /** Of health and metrics; 0: a free one. */
  port: number;
  host: string;
  /** In the lease. */
  identity: string;
  logLevel: string;
}

/** @throws UserError USAGE, INVALID_SPEC naming what is wrong */
export function operatorConfig(env: NodeJS.ProcessEnv = process.env): OperatorConfig {
  const needed = (name: string): string => {
    if (env[name]) return env[name];
    throw new UserError('USAGE', `${name}: missing`);
  };
  const path = needed('ORESTES_OPERATOR_CONFIG');
  let document: unknown;
  try {
    document = parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new UserError('USAGE', `ORESTES_OPERATOR_CONFIG: ${path} can't be read: ${(error as Error).message}`);
  }
  return {
    ...parseDocument(OperatorFile, document, path),
    tokenFile: needed('ORESTES_TOKEN_FILE'),
    port: portOf(env['ORESTES_PORT'] || '7351'),
    host: env['ORESTES_HOST'] ?? '0.0.0.0',
    identity: env['HOSTNAME'] ?? 'operator',
    logLevel: env['ORESTES_LOG_LEVEL'] ?? 'info',
  };
}

function portOf(text: string): number {
  const port = Number(text);
  if (/^\d+$/.test(text) && port <= 65_535) return port;
  throw new UserError('USAGE', `ORESTES_PORT: ${text} is not allowed (allowed: a whole number from 0 to 65535)`);
}
