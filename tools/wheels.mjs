// Fetches Python wheels (zip archives of shared libraries) from the user's package index, checks their pinned SHA-256, unpacks.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import yauzl from 'yauzl';
import { fail } from './steps.mjs';

/**
 * One wheel file: `python` is its interpreter tag (py3, cp312), `platform` its first platform tag.
 * @typedef {{package: string, version: string, python: string, platform: string, sha256: string}} Wheel
 */

const ABANDONED_MS = 3_600_000;

/** Makes a folder for installations, and removes what interrupted ones left in it. */
export async function makeFolder(folder) {
  await mkdir(folder, { recursive: true }).catch((e) => fail(`${folder}: cannot be written: ${e.message}`));
  for (const name of await readdir(folder)) {
    const left = path.join(folder, name);
    if (!/^(install|download)-/.test(name) || Date.now() - (await stat(left)).mtimeMs < ABANDONED_MS) continue;
    await rm(left, { recursive: true, force: true });
  }
}

/**
 * @param {Wheel} wheel
 * @param {string} target folder that the wheel's files go to
 * @param {(name: string) => boolean} wanted which files of it
 * @throws Error with one sentence for the user
 */
export async function installWheel(wheel, target, wanted) {
  const scratch = await mkdtemp(path.join(path.dirname(target), 'download-'));
  try {
    process.stderr.write(`fetching ${wheel.package} ${wheel.version} ...\n`);
    const file = await download(wheel, scratch);
    const found = await sha256(file);
    if (found !== wheel.sha256)
      throw new Error(
        `${wheel.package} ${wheel.version}: the file fetched is not the one pinned (SHA-256 ${found}, pinned ${wheel.sha256})`,
      );
    await unpack(file, target, wanted);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

const PIP = ['-m', 'pip', 'download', '--quiet', '--disable-pip-version-check', '--no-deps', '--only-binary=:all:'];

async function download(wheel, folder) {
  const arguments_ = [...PIP, '--dest', folder, ...pipTags(wheel), `${wheel.package}==${wheel.version}`];
  const result = spawnSync('python3', arguments_, { encoding: 'utf8' });
  const noPip = result.error || /No module named pip/.test(result.stderr);
  if (noPip) return downloadPlainly(wheel, folder);
  if (result.status !== 0) throw new Error(`${result.stderr}\npip could not fetch ${wheel.package} ${wheel.version}`);
  const [file] = await readdir(folder);
  return path.join(folder, file);
}

/** py3 suits any Python; cp312 is CPython 3.12, which need not be the machine's. */
function pipTags({ python, platform }) {
  const minor = /^cp3(\d+)$/.exec(python)?.[1];
  return [
    ...['--platform', platform],
    ...['--python-version', `3.${minor ?? 12}`],
    ...['--implementation', minor ? 'cp' : 'py'],
  ];
}

/** Without pip: the index that PIP_INDEX_URL names, by the simple repository API (PEP 503). */
async function downloadPlainly(wheel, folder) {
  const index = process.env.PIP_INDEX_URL;
  if (!index)
    throw new Error(
      `${wheel.package}: python3 with pip is not installed, and PIP_INDEX_URL does not name a package index ` +
        '(install python3-pip, or set PIP_INDEX_URL, or set ORESTES_PJRT_PLUGIN to a plugin of your own)',
    );
  const page = new URL(`${wheel.package}/`, index.endsWith('/') ? index : `${index}/`);
  const headers = withoutCredentials(page);
  const listing = await fetch(page, { headers }).catch((e) => {
    // fetch repeats the address in its message, and with it whatever credentials it has.
    throw new Error(`${wheel.package}: the package index at ${page.host} does not answer (${e.cause?.code ?? e.name})`);
  });
  if (!listing.ok) throw new Error(`${wheel.package}: the package index answers ${listing.status}`);
  const links = [...(await listing.text()).matchAll(/href="([^"]+)"/g)].map(
    (m) => new URL(m[1].replaceAll('&amp;', '&'), page),
  );
  const prefix = `${wheel.package.replaceAll('-', '_')}-${wheel.version}-`;
  const link = links.find(({ pathname }) => {
    const name = decodeURIComponent(path.basename(pathname));
    return name.startsWith(`${prefix}${wheel.python}-`) && name.includes(wheel.platform);
  });
  if (!link)
    throw new Error(
      `${wheel.package} ${wheel.version}: the package index has no wheel for ${wheel.python} ${wheel.platform}`,
    );
  const file = path.join(folder, 'wheel.whl');
  const body = await fetch(link, link.origin === page.origin ? { headers } : {});
  if (!body.ok || !body.body) throw new Error(`${wheel.package}: the package index answers ${body.status}`);
  await pipeline(Readable.fromWeb(body.body), createWriteStream(file));
  return file;
}

/** Takes user and password out of an address, which fetch refuses. @returns the header that says the same */
function withoutCredentials(url) {
  const { username, password } = url;
  url.username = url.password = '';
  if (!username) return {};
  const credentials = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return { authorization: `Basic ${Buffer.from(credentials).toString('base64')}` };
}

export async function sha256(file) {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
}

/** Unpacks the wanted files; yauzl refuses names that leave the folder. */
function unpack(file, target, wanted) {
  return new Promise((resolve, reject) => {
    yauzl.open(file, { lazyEntries: true }, (error, zip) => {
      if (error) return reject(error);
      zip.on('error', reject).on('end', resolve);
      zip.on('entry', (entry) => {
        if (entry.fileName.endsWith('/') || !wanted(entry.fileName)) return zip.readEntry();
        extract(zip, entry, path.join(target, entry.fileName)).then(() => zip.readEntry(), reject);
      });
      zip.readEntry();
    });
  });
}

async function extract(zip, entry, destination) {
  await mkdir(path.dirname(destination), { recursive: true });
  const stream = await new Promise((resolve, reject) =>
    zip.openReadStream(entry, (error, opened) => (error ? reject(error) : resolve(opened))),
  );
  await pipeline(stream, createWriteStream(destination, { mode: 0o755 }));
}
