import { homedir } from 'node:os';
import path from 'node:path';

/** Where programs are kept once made: ORESTES_CACHE (default: the user's cache folder), as for everything of Orestes. */
export function cacheFolder(environment: NodeJS.ProcessEnv = process.env): string {
  const userCache = environment['XDG_CACHE_HOME'] || path.join(homedir(), '.cache');
  return path.resolve(environment['ORESTES_CACHE'] || path.join(userCache, 'orestes'), 'cluster');
}

/** Go must not take flags, modules or another toolchain from its surroundings: the same sources make the same programs. */
export const goEnvironment = (): NodeJS.ProcessEnv => ({
  ...process.env,
  CGO_ENABLED: '0',
  GOFLAGS: '-buildvcs=false',
  GOTOOLCHAIN: 'local',
  GOWORK: 'off',
});
