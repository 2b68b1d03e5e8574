import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';

export interface S3Server {
  /** http://127.0.0.1:port */
  endpoint: string;
  bucket: string;
  /** The server's folder of the bucket: files put there are objects. */
  bucketFolder: string;
  /** What a client's environment must hold. */
  environment: { AWS_ACCESS_KEY_ID: string; AWS_SECRET_ACCESS_KEY: string };
  stop(): Promise<void>;
}

/** Building it takes about 3 minutes, once. */
const INSTALL_MS = 900_000;

/**
 * The server's program, installed when it is not there yet; or why there can be none. Two processes may do so at once: the
 * installer builds aside and renames.
 */
export function installVersitygw(): { binary: string } | { reason: string } {
  const installer = fileURLToPath(new URL('../../../../tools/versitygw.mjs', import.meta.url));
  const options = { encoding: 'utf8', timeout: INSTALL_MS } as const;
  const { status, error, stdout, stderr } = spawnSync(process.execPath, [installer], options);
  if (status === 0) return { binary: stdout.trim() };
  return { reason: error?.message ?? stderr.trim().split('\n').at(-1) ?? 'unknown' };
}

/** Starts a server of its own on a free port, with random credentials and an empty bucket in a temporary folder. */
export async function startVersitygw(binary: string): Promise<S3Server> {
  const folder = await mkdtemp(join(tmpdir(), 'orestes-s3-'));
  const port = await freePort();
  const endpoint = `http://127.0.0.1:${port}`;
  const environment = {
    AWS_ACCESS_KEY_ID: `test${randomBytes(8).toString('hex')}`,
    AWS_SECRET_ACCESS_KEY: randomBytes(20).toString('hex'),
  };
  const child = spawn(binary, ['--quiet', '--keep-alive', '--port', `127.0.0.1:${port}`, 'posix', folder], {
    env: { ROOT_ACCESS_KEY: environment.AWS_ACCESS_KEY_ID, ROOT_SECRET_KEY: environment.AWS_SECRET_ACCESS_KEY },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const kill = () => child.kill('SIGKILL');
  process.once('exit', kill);
  const stop = async () => {
    process.off('exit', kill);
    if (child.exitCode === null && child.signalCode === null) {
      kill();
      await once(child, 'exit');
    }
    await rm(folder, { recursive: true, force: true });
  };
  const bucket = 'orestes-test';
  try {
    await answering(endpoint, child);
    await createBucket(endpoint, bucket, environment);
  } catch (error) {
    await stop();
    throw error;
  }
  return { endpoint, bucket, bucketFolder: join(folder, bucket), environment, stop };
}

async function answering(endpoint: string, child: ChildProcess): Promise<void> {
  let said = '';
  child.stderr?.on('data', (chunk: Buffer) => (said += chunk.toString()));
  for (let waited = 0; waited < 200; waited++) {
    if (child.exitCode !== null) throw new Error(`versitygw ended with ${child.exitCode}: ${said}`);
    const answer = await fetch(endpoint).catch(() => null);
    if (answer) return;
    await sleep(50);
  }
  throw new Error(`versitygw does not answer at ${endpoint}: ${said}`);
}

async function createBucket(endpoint: string, bucket: string, environment: S3Server['environment']): Promise<void> {
  const credentials = {
    accessKeyId: environment.AWS_ACCESS_KEY_ID,
    secretAccessKey: environment.AWS_SECRET_ACCESS_KEY,
  };
  const client = new S3Client({ endpoint, region: 'us-east-1', forcePathStyle: true, credentials });
  await client.send(new CreateBucketCommand({ Bucket: bucket }));
  client.destroy();
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no TCP port to be had');
  return address.port;
}
