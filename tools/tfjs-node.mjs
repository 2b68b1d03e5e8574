// Builds the native binding of tfjs-node from its sources against the TensorFlow that a Python wheel holds, into the
// user's cache folder. The package's own install script, which downloads libtensorflow, is not run.
import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { tfjsNodeFolder } from '@orestes/engine';
import { fail, quietly, root } from './steps.mjs';
import { installWheel, makeFolder } from './wheels.mjs';

const SOURCES = path.join(root, 'tools', 'tfjs-node');

/** Wheels that hold TensorFlow's C library. */
const TENSORFLOW = {
  'tfjs-node': {
    package: 'tensorflow-cpu',
    version: '2.21.0',
    python: 'cp312',
    platform: 'manylinux_2_27_x86_64',
    sha256: 'dcc8afd32930e42d5296b6ee19078b773706830af4ea97fbe503b9f5e0f820cb',
  },
  'tfjs-node-gpu': {
    package: 'tensorflow',
    version: '2.21.0',
    python: 'cp312',
    platform: 'manylinux_2_27_x86_64',
    sha256: 'b3b95643c4e70eb925839938fb35cbe142f317ec84af6844ee61513713bb13c0',
  },
};

/** @param {'tfjs-node' | 'tfjs-node-gpu'} engine */
export async function installTfjsNode(engine) {
  const folder = tfjsNodeFolder(engine);
  const wanted = JSON.stringify({ tensorflow: TENSORFLOW[engine], lock: await readFile(lockFile, 'utf8') });
  if ((await readFile(path.join(folder, 'installed.json'), 'utf8').catch(() => null)) === wanted) return;
  if (process.platform !== 'linux' || process.arch !== 'x64')
    fail(`--engine ${engine}: is built on linux x64 alone (allowed here: wasm, cpu)`);
  if (spawnSync('g++', ['--version']).status !== 0)
    fail(`--engine ${engine}: needs the compiler g++ (Debian: apt-get install g++)`);
  await makeFolder(path.dirname(folder));
  await install(engine, folder, wanted).catch((e) => fail(`--engine ${engine}: ${e.message}`));
}

const lockFile = path.join(SOURCES, 'package-lock.json');

async function install(engine, folder, stamp) {
  const scratch = await mkdtemp(path.join(path.dirname(folder), 'install-'));
  const discard = () => rmSync(scratch, { recursive: true, force: true });
  process.once('exit', discard); // a step that fails ends the process
  try {
    await cp(SOURCES, scratch, { recursive: true });
    await quietly(
      'installing the packages of the binding',
      'npm',
      ['ci', '--ignore-scripts', '--no-audit', '--no-fund'],
      {
        cwd: scratch,
      },
    );
    const module = path.join(scratch, 'node_modules', '@tensorflow', engine);
    await installTensorflow(TENSORFLOW[engine], path.join(module, 'deps'));
    await buildBinding(scratch, module);
    await rm(path.join(module, 'deps', 'include'), { recursive: true });
    await writeFile(path.join(scratch, 'installed.json'), stamp);
    await rm(folder, { recursive: true, force: true });
    await rename(scratch, folder);
  } finally {
    process.off('exit', discard);
    discard();
  }
}

const LIBRARIES = /^tensorflow\/libtensorflow_(cc|framework)\.so\.2$/;
const HEADERS = /^tensorflow\/include\/(tensorflow|xla|tsl)\/.*\.h$/;

/** lib/ and include/ as the binding's sources expect them, under the names that its linker line uses. */
async function installTensorflow(wheel, deps) {
  await mkdir(deps, { recursive: true });
  await installWheel(wheel, deps, (name) => LIBRARIES.test(name) || HEADERS.test(name) || /LICENSE/.test(name));
  const lib = path.join(deps, 'lib');
  await mkdir(lib);
  await rename(path.join(deps, 'tensorflow', 'include'), path.join(deps, 'include'));
  for (const name of ['libtensorflow_cc.so.2', 'libtensorflow_framework.so.2'])
    await rename(path.join(deps, 'tensorflow', name), path.join(lib, name));
  await symlink('libtensorflow_cc.so.2', path.join(lib, 'libtensorflow.so'));
  await symlink('libtensorflow_framework.so.2', path.join(lib, 'libtensorflow_framework.so'));
}

async function buildBinding(scratch, module) {
  const binding = path.join(module, 'binding');
  const sources = (await readdir(binding)).filter((n) => n.endsWith('.cc')).map((n) => path.join(binding, n));
  const target = path.join(module, 'lib', 'napi-v8');
  await mkdir(target, { recursive: true });
  const headers = [
    '-I',
    path.join(module, 'deps', 'include'),
    '-I',
    path.join(scratch, 'node_modules/node-api-headers/include'),
  ];
  const libraries = ['-L', path.join(module, 'deps', 'lib'), '-ltensorflow', '-ltensorflow_framework'];
  await quietly('compiling the binding', 'g++', [
    ...['-shared', '-fPIC', '-std=c++17', '-O2', '-DNAPI_VERSION=8', ...headers, ...sources],
    ...['-o', path.join(target, 'tfjs_binding.node'), ...libraries, '-Wl,-rpath,$ORIGIN/../../deps/lib'],
  ]);
}
