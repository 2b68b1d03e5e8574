import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '@orestes/contracts';
import { engineConfig } from './config.js';

export type XlaDevice = 'cpu' | 'cuda';

/** Where `npm run setup` puts a plugin: a folder named by device, and in it plugin.json that names the library. */
export const pluginFolder = (device: XlaDevice): string => join(engineConfig().cacheDirectory, 'plugins', device);

interface InstalledPlugin {
  /** Path of the shared library, relative to the folder. */
  library: string;
  package: string;
  version: string;
  /** Of the wheels that it came in. */
  sha256: string;
}

export interface Plugin {
  path: string;
  /** Where it came from, for users. */
  origin: string;
  /** Changes with its content: compiled programs of another are not loaded. */
  identity: string;
}

function identityOf(path: string): string {
  const status = statSync(path, { throwIfNoEntry: false }); // a missing file is an error when it is loaded
  return `${path} ${status?.size} ${status?.mtimeMs}`;
}

/**
 * The library that drives a device: ORESTES_PJRT_PLUGIN, else what setup installed.
 * @throws UserError ENGINE_PLUGIN_MISSING, ENGINE_PLATFORM
 */
export function findPlugin(device: XlaDevice): Plugin {
  if (process.platform !== 'linux')
    throw new UserError(
      'ENGINE_PLATFORM',
      `engine.name: xla runs on Linux alone, not on ${process.platform} (allowed here: wasm, cpu)`,
    );
  const { pluginPath } = engineConfig();
  if (pluginPath)
    return { path: pluginPath, origin: `ORESTES_PJRT_PLUGIN ${pluginPath}`, identity: identityOf(pluginPath) };
  const folder = pluginFolder(device);
  try {
    const installed = JSON.parse(readFileSync(join(folder, 'plugin.json'), 'utf8')) as InstalledPlugin;
    const origin = `${installed.package} ${installed.version}`;
    return { path: join(folder, installed.library), origin, identity: `${origin} ${installed.sha256}` };
  } catch (e) {
    if (process.arch !== 'x64')
      throw new UserError(
        'ENGINE_PLATFORM',
        `engine.name: xla has no ready-made plugin for ${process.arch} (allowed here: wasm, cpu; or set ORESTES_PJRT_PLUGIN to a PJRT plugin)`,
        { cause: e },
      );
    const command = device === 'cpu' ? 'npm run setup' : `npm run setup -- --device ${device}`;
    throw new UserError('ENGINE_PLUGIN_MISSING', `no XLA plugin for ${device} in ${folder}: run: ${command}`, {
      cause: e,
    });
  }
}
