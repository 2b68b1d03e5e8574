import { createRequire } from 'node:module';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { OrestesError, UserError } from '@orestes/contracts';
import * as tf from '@tensorflow/tfjs';
import { engineConfig, quietNativeLogs } from './config.js';
import type { EngineName } from './engine.js';
import { UNIFORM } from './random.js';
import './gradients.js';
import { uniformFill } from './threefry.js';
import { mendWasmKernels, WASM_NOTES } from './wasm-kernels.js';

export type EagerName = Exclude<EngineName, 'xla'>;

/** One of tfjs's own backends: the name tfjs gives it, how it is loaded, and what a user should know of it. */
interface Backend {
  backend: string;
  /** @returns versions of what was loaded */
  load(): Record<string, string> | Promise<Record<string, string>>;
  notes: readonly string[];
}

const BACKENDS = {
  cpu: { backend: 'cpu', load: () => ({}), notes: ['plain JavaScript: for tests and tiny models'] },
  wasm: {
    backend: 'wasm',
    load: loadWasm,
    notes: WASM_NOTES,
  },
  'tfjs-node': { backend: 'tensorflow', load: () => loadBinding('tfjs-node'), notes: [] },
  'tfjs-node-gpu': { backend: 'tensorflow', load: () => loadBinding('tfjs-node-gpu'), notes: [] },
} as const satisfies Record<EagerName, Backend>;

/** What of tfjs-node's backend is used here. */
interface NodeBackend {
  isUsingGpuDevice: boolean;
}

/**
 * Loads a backend, adds the kernels that it lacks, and makes it current.
 * @throws UserError ENGINE_NOT_INSTALLED; OrestesError ENGINE_BACKEND, ENGINE_DEVICE_MISSING
 */
export async function startBackend(
  name: EagerName,
): Promise<{ backend: string; notes: readonly string[]; versions: Record<string, string> }> {
  const found: Backend = BACKENDS[name];
  const versions = await found.load();
  if (!(await tf.setBackend(found.backend)))
    throw new OrestesError('ENGINE_BACKEND', `engine.name: the tfjs backend of ${name} does not start on this machine`);
  if (name === 'tfjs-node-gpu' && !(tf.backend() as unknown as NodeBackend).isUsingGpuDevice)
    throw new OrestesError(
      'ENGINE_DEVICE_MISSING',
      'engine.name: tfjs-node-gpu: TensorFlow found no GPU (needs an NVIDIA driver, CUDA 12 and cuDNN 9 on the library path)',
    );
  registerUniform(found.backend);
  return { backend: found.backend, notes: found.notes, versions: { tfjs: tf.version['tfjs'], ...versions } };
}

async function loadWasm(): Promise<Record<string, string>> {
  const { setWasmPaths, version_wasm } = await import('@tensorflow/tfjs-backend-wasm');
  if (tf.getKernel(tf.UnsortedSegmentSum, 'wasm')) return { wasm: version_wasm }; // mended before: it may be running
  const require = createRequire(import.meta.url);
  const folder = dirname(require.resolve('@tensorflow/tfjs-backend-wasm/package.json'));
  setWasmPaths(join(folder, 'wasm-out', '/'));
  await tf.setBackend('cpu'); // some kernels run there
  mendWasmKernels();
  return { wasm: version_wasm };
}

/** Where `npm run setup -- --engine tfjs-node` puts the native binding. */
export const tfjsNodeFolder = (name: 'tfjs-node' | 'tfjs-node-gpu'): string =>
  join(engineConfig().cacheDirectory, 'tfjs-node', name);

/** What tools/tfjs-node.mjs writes last. */
interface Installed {
  /** The wheel that the C library came from. */
  tensorflow: { package: string; version: string };
}

/** One process holds one of the two bindings: tfjs gives both the same name. */
let bound: EagerName | undefined;

/** The binding's folder holds a stand-in for @tensorflow/tfjs that hands out what stands under this key. */
const TFJS = Symbol.for('orestes.tfjs');

function loadBinding(name: 'tfjs-node' | 'tfjs-node-gpu'): Record<string, string> {
  const folder = tfjsNodeFolder(name);
  const stamp = join(folder, 'installed.json');
  if (!existsSync(stamp))
    throw new UserError(
      'ENGINE_NOT_INSTALLED',
      `engine.name: ${name} is not installed: run: npm run setup -- --engine ${name}`,
    );
  if (bound && bound !== name)
    throw new OrestesError(
      'ENGINE_BACKEND',
      `engine.name: this process runs ${bound} already, ${name} needs one of its own`,
    );
  bound = name;
  quietNativeLogs();
  Object.assign(globalThis, { [TFJS]: createRequire(import.meta.url)('@tensorflow/tfjs') as unknown });
  try {
    createRequire(join(folder, 'package.json'))(`@tensorflow/${name}`);
  } catch (e) {
    throw new OrestesError('ENGINE_BACKEND', `${folder}: ${name} does not load: ${(e as Error).message}`, 1, {
      cause: e,
    });
  }
  const { tensorflow } = JSON.parse(readFileSync(stamp, 'utf8')) as Installed;
  return { tensorflow: `${tensorflow.package} ${tensorflow.version}` };
}

/** Registers the random kernel on a tfjs backend: the same bits as XLA, computed on the host. */
function registerUniform(backendName: string): void {
  if (tf.getKernel(UNIFORM, backendName)) return;
  tf.registerKernel({
    kernelName: UNIFORM,
    backendName,
    kernelFunc: ({ inputs, attrs }) => {
      const { shape } = attrs as unknown as { shape: number[] };
      const read = (name: string) => tf.engine().backend.readSync(inputs[name]!.dataId) as Int32Array;
      const [first, second] = read('key');
      const values = uniformFill([first!, second!], read('use')[0]!, new Float32Array(tf.util.sizeFromShape(shape)));
      return tf.tensor(values, shape, 'float32');
    },
  });
}
