import { resolve } from 'node:path';
import { UserError } from '@orestes/contracts';
import { joinAddress } from '@orestes/storage';

/** Where jobs run as pods. */
export interface ClusterConfig {
  /** Of the service, its TrainingJobs and their pods. */
  namespace: string;
  /** The audience that tokens of pods and of the operator are made for. */
  audience: string;
  /** Service accounts of the operator and of the workers. */
  operator: string;
  worker: string;
}

/** How the service runs. */
export interface ServiceConfig {
  host: string;
  port: number;
  /** Folder of database, outputs and logs; absolute. */
  data: string;
  /** A PostgreSQL of the user's own; null: one is started in the data folder. */
  databaseUrl: string | null;
  /** Where outputs go that a spec does not name: a folder or an s3:// address. */
  outputs: string;
  /** Jobs are pods of a cluster; null: processes of this machine. */
  cluster: ClusterConfig | null;
  /** Workers at a time, on this machine. */
  slots: number;
  /** Whether every request needs a key; else those from this machine need none. */
  keys: boolean;
  /** With keys: a file with the first one, made elsewhere; null: the service makes it. */
  firstKeyFile: string | null;
  /** With keys: addresses under which specs may name anything; without keys they may name whatever there is. */
  allow: readonly string[];
  /** Requests a minute and key (or address). */
  rateLimit: number;
  /** Without a word for so long a worker counts as lost. */
  heartbeatMs: number;
  /** Before the first repetition of a crashed job; doubles with each. */
  backoffMs: number;
  /** What a device computes, operations a second, for estimates; null: as past jobs did. */
  deviceFlops: number | null;
  /** Price of a device hour, for estimates; null: none is told. */
  deviceHourPrice: number | null;
  logLevel: string;
}

export const DEFAULT_PORT = 7350;
const LOOPBACK = ['127.0.0.1', 'localhost', '::1'];

export const isLoopback = (host: string): boolean => LOOPBACK.includes(host);

/** What the command line says over the environment. */
export type ServiceOptions = Partial<
  Pick<ServiceConfig, 'host' | 'port' | 'data' | 'slots' | 'keys' | 'outputs' | 'allow'>
>;

/**
 * The configuration from options and environment.
 * @throws UserError USAGE naming what is wrong and what is allowed
 */
export function serviceConfig(options: ServiceOptions = {}, env: NodeJS.ProcessEnv = process.env): ServiceConfig {
  const host = options.host ?? env['ORESTES_HOST'] ?? '127.0.0.1';
  const data = resolve(options.data ?? env['ORESTES_DATA'] ?? 'orestes-data');
  const keys = options.keys ?? env['ORESTES_KEYS'] === 'true';
  return {
    host,
    port: options.port ?? number(env, 'ORESTES_PORT', 0, 65535) ?? DEFAULT_PORT,
    data,
    databaseUrl: env['DATABASE_URL'] || null,
    cluster: clusterConfig(env),
    outputs: joinAddress(options.outputs ?? env['ORESTES_OUTPUTS'] ?? `${data}/outputs`, ''),
    slots: options.slots ?? number(env, 'ORESTES_SLOTS', 0, 1000) ?? 1,
    // Whoever can reach another address than loopback is not known to be this machine's user.
    keys: keys || !isLoopback(host),
    firstKeyFile: env['ORESTES_FIRST_KEY_FILE'] || null,
    allow: (options.allow ?? (env['ORESTES_ALLOW'] ?? '').split(','))
      .filter(Boolean)
      .map((root) => joinAddress(root, '')),
    rateLimit: number(env, 'ORESTES_RATE_LIMIT', 1, 1e9) ?? 12_000,
    heartbeatMs: 1000 * (number(env, 'ORESTES_HEARTBEAT_SECONDS', 1, 86_400) ?? 30),
    backoffMs: 1000 * (number(env, 'ORESTES_BACKOFF_SECONDS', 0, 3600) ?? 1),
    deviceFlops: number(env, 'ORESTES_DEVICE_FLOPS', 1, 1e30),
    deviceHourPrice: number(env, 'ORESTES_DEVICE_HOUR_PRICE', 0, 1e6),
    logLevel: env['ORESTES_LOG_LEVEL'] ?? 'warn',
  };
}

const LAUNCHERS = ['local', 'kubernetes'];

function clusterConfig(env: NodeJS.ProcessEnv): ClusterConfig | null {
  const launcher = env['ORESTES_LAUNCHER'] || 'local';
  if (!LAUNCHERS.includes(launcher))
    throw new UserError('USAGE', `ORESTES_LAUNCHER: ${launcher} is not allowed (allowed: ${LAUNCHERS.join(', ')})`);
  if (launcher === 'local') return null;
  const namespace = env['ORESTES_NAMESPACE'];
  if (!namespace) throw new UserError('USAGE', 'ORESTES_NAMESPACE: missing (the namespace of the TrainingJobs)');
  return {
    namespace,
    audience: env['ORESTES_AUDIENCE'] || 'orestes-api',
    operator: env['ORESTES_OPERATOR_ACCOUNT'] || 'orestes-operator',
    worker: env['ORESTES_WORKER_ACCOUNT'] || 'orestes-worker',
  };
}

function number(env: NodeJS.ProcessEnv, name: string, least: number, most: number): number | null {
  const text = env[name];
  if (text === undefined || text === '') return null;
  const value = Number(text);
  if (value >= least && value <= most) return value;
  throw new UserError('USAGE', `${name}: ${text} is not allowed (allowed: a number from ${least} to ${most})`);
}
