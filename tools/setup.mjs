// npm run setup [-- --device cpu|cuda] [--engine xla|tfjs-node|tfjs-node-gpu]: installs what a fresh clone needs.
import { parseArgs } from 'node:util';
import { EXIT, fail, filesIn, once, quietly, root } from './steps.mjs';
import path from 'node:path';

const DEVICES = ['cpu', 'cuda'];
const ENGINES = ['xla', 'tfjs-node', 'tfjs-node-gpu'];

/** npm packages, the compiled sources and the pages. What did not change is skipped. */
export async function prepare() {
  await once('packages', 'node_modules/typescript', ['package-lock.json'], () =>
    quietly('installing npm packages', 'npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund']),
  );
  await build();
  const pages = filesIn('apps/web', ['dist']);
  await once('pages', 'apps/web/dist/index.html', ['package-lock.json', ...pages], () =>
    quietly('building the pages', process.execPath, [
      'node_modules/vite/bin/vite.js',
      'build',
      'apps/web',
      '--logLevel',
      'warn',
    ]),
  );
}

export const build = () => quietly('compiling', process.execPath, ['node_modules/typescript/bin/tsc', '-b']);

/** Everything for training on this machine's CPU. */
export async function prepareEngine(device = 'cpu') {
  await prepare();
  const { installPlugin } = await import('./plugin.mjs');
  await installPlugin(device);
}

async function main() {
  const options = { device: { type: 'string', default: 'cpu' }, engine: { type: 'string', default: 'xla' } };
  let values;
  try {
    ({ values } = parseArgs({ options }));
  } catch (e) {
    fail(`setup: ${e.message} (allowed: --device ${DEVICES.join('|')}, --engine ${ENGINES.join('|')})`, EXIT.usage);
  }
  const { device, engine } = values;
  if (!DEVICES.includes(device)) fail(`--device: ${device} is not known (allowed: ${DEVICES.join(', ')})`, EXIT.usage);
  if (!ENGINES.includes(engine)) fail(`--engine: ${engine} is not known (allowed: ${ENGINES.join(', ')})`, EXIT.usage);
  if (engine === 'xla') await prepareEngine(device);
  else {
    await prepare();
    const { installTfjsNode } = await import('./tfjs-node.mjs');
    await installTfjsNode(engine);
  }
  process.stdout.write('ready\n');
}

if (path.resolve(process.argv[1] ?? '') === path.join(root, 'tools', 'setup.mjs')) await main();
