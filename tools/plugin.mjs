// Installs the PJRT plugin of a device into the user's cache folder, whole or not at all.
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { engineConfig, pluginFolder } from '@orestes/engine';
import { fail, root } from './steps.mjs';
import { installWheel, makeFolder } from './wheels.mjs';

/** @param {'cpu' | 'cuda'} device */
export async function installPlugin(device) {
  if (engineConfig().pluginPath) return;
  const { [device]: pins } = JSON.parse(await readFile(path.join(root, 'tools', 'plugins.json'), 'utf8'));
  const folder = pluginFolder(device);
  if (await isInstalled(folder, pins)) return;
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    process.stderr.write(`no XLA plugin for ${process.platform} ${process.arch}: use engine.name wasm or cpu\n`);
    return;
  }
  await makeFolder(path.dirname(folder));
  await install(pins, folder).catch((e) => fail(`XLA plugin for ${device}: ${e.message}`));
}

async function install(pins, folder) {
  const scratch = await mkdtemp(path.join(path.dirname(folder), 'install-'));
  try {
    for (const wheel of pins.wheels)
      await installWheel(wheel, scratch, (name) => !name.includes('.dist-info/') || /LICENSE|NOTICE/i.test(name));
    const [{ package: name, version }] = pins.wheels;
    const written = { library: pins.library, package: name, version, sha256: identity(pins) };
    await writeFile(path.join(scratch, 'plugin.json'), JSON.stringify(written));
    await rm(folder, { recursive: true, force: true });
    await rename(scratch, folder);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** Changes with any wheel. */
const identity = (pins) => pins.wheels.map((w) => w.sha256).join('+');

async function isInstalled(folder, pins) {
  const written = await readFile(path.join(folder, 'plugin.json'), 'utf8').catch(() => null);
  return (
    written !== null && JSON.parse(written).sha256 === identity(pins) && existsSync(path.join(folder, pins.library))
  );
}
