import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rename, rm, symlink } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { cacheFolder, goEnvironment } from '../config.js';
import { ClusterError, messageOf } from '../errors.js';
import { exclusively } from '../process/exclusively.js';
import { runTool } from '../process/run-tool.js';
import { findGo, sourcesIn, whyNoGo } from './go.js';

const SOURCES = fileURLToPath(new URL('../../go/', import.meta.url));
const ABANDONED = '.making-';

interface Source {
  /** The Go package built, in the module go/NAME. */
  package: string;
  /** The module whose version the program has. */
  module: string;
  /** Names by which it is called, if not by its own. */
  links: readonly string[];
}

const PROGRAMS = {
  etcd: { package: '.', module: 'go.etcd.io/etcd/server/v3', links: [] },
  kwok: { package: 'sigs.k8s.io/kwok/cmd/kwok', module: 'sigs.k8s.io/kwok', links: [] },
  hyperkube: {
    package: '.',
    module: 'k8s.io/kubernetes',
    links: ['kube-apiserver', 'kube-controller-manager', 'kube-scheduler', 'kubelet', 'kube-proxy'],
  },
  coredns: { package: '.', module: 'github.com/coredns/coredns', links: [] },
} satisfies Record<string, Source>;

export type Program = keyof typeof PROGRAMS;
const names = Object.keys(PROGRAMS) as Program[];

/** The small ones first: who waits sees something happen. */
export const CONTROL_PLANE: readonly Program[] = ['etcd', 'kwok', 'hyperkube'];
export const WITH_NODES: readonly Program[] = ['etcd', 'kwok', 'coredns', 'hyperkube'];

/** The version that go/NAME/go.mod pins, as 1.35.4. */
export function versionOf(program: Program): string {
  const { module } = PROGRAMS[program];
  const mod = readFileSync(path.join(SOURCES, program, 'go.mod'), 'utf8');
  const pinned = mod.split('\n').map((line) =>
    line
      .trim()
      .replace(/^require /, '')
      .split(' '),
  );
  const version = pinned.find(([name, at]) => name === module && at?.startsWith('v'))?.[1];
  if (version === undefined) throw new Error(`go/${program}/go.mod requires no ${module}`);
  return version.slice(1);
}

/** The programs' folder: its name changes with every version and with every byte that they are built from. */
export function binariesFolder(): string {
  const hash = createHash('sha256').update(process.arch);
  for (const name of names) {
    hash.update(linkerFlags(name));
    for (const file of sourcesIn(path.join(SOURCES, name)))
      hash.update(`${name}/${file}\0`).update(readFileSync(path.join(SOURCES, name, file)));
  }
  const versions = names.map((name) => `${name}-${versionOf(name)}`).join('-');
  return path.join(cacheFolder(), `${versions}-${hash.digest('hex').slice(0, 12)}`);
}

const isBuilt = (program: Program) => existsSync(path.join(binariesFolder(), program));

/** Why the control plane's programs cannot be had here, without building anything; null: they are there, or can be built. */
export const whyNoBinaries = (): string | null => (CONTROL_PLANE.every(isBuilt) ? null : whyNoGo());

/**
 * Builds what is missing: 7 minutes on two cores the first time, nothing later. Needs Go and the modules that go.sum pins,
 * from wherever Go takes its modules.
 * @param say told what it does, a line a program
 * @returns the folder that holds them
 * @throws ClusterError TOOL_MISSING, BUILD_FAILED with the compiler's words
 */
export async function prepareBinaries(
  say: (line: string) => void,
  programs: readonly Program[] = CONTROL_PLANE,
  signal?: AbortSignal,
): Promise<string> {
  const folder = binariesFolder();
  if (programs.every(isBuilt)) return folder;
  const go = findGo();
  await mkdir(folder, { recursive: true });
  const waiting = (holder: number) => say(`process ${holder} builds them just now: waiting for it`);
  const build = async () => {
    for (const left of await readdir(folder))
      if (left.startsWith(ABANDONED)) await rm(path.join(folder, left), { recursive: true, force: true });
    for (const program of programs) if (!isBuilt(program)) await buildProgram(go, program, folder, say, signal);
  };
  await exclusively(path.join(folder, '.lock'), waiting, build, signal);
  return folder;
}

async function buildProgram(
  go: string,
  program: Program,
  folder: string,
  say: (line: string) => void,
  signal?: AbortSignal,
): Promise<void> {
  const started = Date.now();
  const { package: what, links }: Source = PROGRAMS[program];
  const making = await mkdtemp(path.join(folder, ABANDONED));
  try {
    say(`building ${program} ${versionOf(program)} ...`);
    const product = path.join(making, program);
    await runTool(go, ['build', '-trimpath', '-ldflags', linkerFlags(program), '-o', product, what], {
      cwd: path.join(SOURCES, program),
      env: goEnvironment(),
      gently: true,
      signal,
    }).catch((error: unknown) => {
      throw new ClusterError('BUILD_FAILED', `building ${program}: ${messageOf(error)}`, { cause: error });
    });
    for (const link of links) {
      await symlink(program, path.join(making, link));
      await rename(path.join(making, link), path.join(folder, link));
    }
    await rename(product, path.join(folder, program)); // what says that it is built
    say(`built ${program} in ${((Date.now() - started) / 1000).toFixed(0)} s`);
  } finally {
    await rm(making, { recursive: true, force: true });
  }
}

/** Clients compare the server's version with theirs, which a build from modules must be told. */
function linkerFlags(program: Program): string {
  if (program !== 'hyperkube') return '-s -w';
  const version = versionOf(program);
  const [major, minor] = version.split('.');
  const facts = {
    gitVersion: `v${version}`,
    gitMajor: major,
    gitMinor: minor,
    gitTreeState: 'clean',
    gitCommit: version,
  };
  const set = Object.entries({ ...facts, buildDate: '1970-01-01T00:00:00Z' });
  return ['-s -w', ...set.map(([name, value]) => `-X k8s.io/component-base/version.${name}=${value}`)].join(' ');
}
