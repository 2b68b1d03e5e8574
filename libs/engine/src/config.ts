import { homedir } from 'node:os';
import { join } from 'node:path';

/** What the engine takes from its environment. */
export interface EngineConfig {
  /** Plugins and compiled programs are kept here. */
  cacheDirectory: string;
  /** A PJRT plugin to use instead of the installed one. */
  pluginPath: string | undefined;
  /** XLA's own options, which the plugin reads by itself. */
  xlaFlags: string;
}

/** ORESTES_CACHE (default: the user's cache folder), ORESTES_PJRT_PLUGIN, and XLA_FLAGS. */
export function engineConfig(environment: NodeJS.ProcessEnv = process.env): EngineConfig {
  const userCache = environment['XDG_CACHE_HOME'] || join(homedir(), '.cache');
  return {
    cacheDirectory: environment['ORESTES_CACHE'] || join(userCache, 'orestes'),
    pluginPath: environment['ORESTES_PJRT_PLUGIN'] || undefined,
    xlaFlags: environment['XLA_FLAGS'] ?? '',
  };
}

/** XLA writes to stderr as it starts; only its errors are for users. Must run before a plugin is loaded. */
export function quietNativeLogs(environment: NodeJS.ProcessEnv = process.env): void {
  environment['TF_CPP_MIN_LOG_LEVEL'] ??= '2';
}
