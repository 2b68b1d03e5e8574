import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, rename } from 'node:fs/promises';
import path from 'node:path';
import { cacheFolder, goEnvironment } from '../config.js';
import { ClusterError, messageOf } from '../errors.js';
import { exclusively } from '../process/exclusively.js';
import { runTool } from '../process/run-tool.js';
import { findGo, sourcesIn, whyNoGo } from './go.js';

/** Where the program of a Go module lies, or will: the name changes with every byte that it is built from. */
function programOf(folder: string): string {
  const hash = createHash('sha256').update(process.arch);
  for (const file of sourcesIn(folder)) hash.update(`${file}\0`).update(readFileSync(path.join(folder, file)));
  return path.join(cacheFolder(), 'modules', `${path.basename(folder)}-${hash.digest('hex').slice(0, 12)}`);
}

/** Why the program of a Go module can't be had here; null: it is there, or can be built. */
export const whyNoModule = (folder: string): string | null => (existsSync(programOf(folder)) ? null : whyNoGo());

/**
 * Builds the program of a Go module, where it has not been built from the same files before.
 * @param what the Go package: of the module, or of one that it requires
 * @returns its path
 * @throws ClusterError TOOL_MISSING, BUILD_FAILED with the compiler's words
 */
export async function buildModule(folder: string, say: (line: string) => void, what = '.'): Promise<string> {
  const program = programOf(folder);
  if (existsSync(program)) return program;
  const go = findGo();
  await mkdir(path.dirname(program), { recursive: true });
  const build = async () => {
    if (existsSync(program)) return;
    say(`building ${path.basename(folder)} ...`);
    const options = { cwd: folder, env: goEnvironment(), gently: true };
    await runTool(go, ['build', '-trimpath', '-ldflags', '-s -w', '-o', `${program}.making`, what], options);
    await rename(`${program}.making`, program);
  };
  const waiting = (holder: number) => say(`process ${holder} builds it just now: waiting for it`);
  try {
    await exclusively(`${program}.lock`, waiting, build);
  } catch (error) {
    throw new ClusterError('BUILD_FAILED', `building ${folder}: ${messageOf(error)}`, { cause: error });
  }
  return program;
}
