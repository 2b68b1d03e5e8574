import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../', import.meta.url)).replace(/test\/$/, '');

/**
 * Programs of Python packages, in a virtual environment under .cache; made on first use.
 * @param requirements what test/peers/NAME.txt pins
 * @returns the folder of the programs, or why there can be none
 */
export function pythonPrograms(requirements: string): { bin: string } | { reason: string } {
  const file = path.join(ROOT, 'test', 'peers', `${requirements}.txt`);
  const folder = path.join(ROOT, '.cache', requirements);
  const bin = path.join(folder, 'bin');
  const ready = path.join(folder, 'ready');
  const wanted = readFileSync(file, 'utf8');
  if (existsSync(ready) && readFileSync(ready, 'utf8') === wanted) return { bin };
  process.stderr.write(`installing Python packages (test/peers/${requirements}.txt) ...\n`);
  const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', file];
  const reason = failure('python3', ['-m', 'venv', '--clear', folder]) ?? failure(path.join(bin, 'python'), pip);
  if (reason !== null) return { reason };
  writeFileSync(ready, wanted);
  return { bin };
}

/** The same, for a benchmark, which ends where it has no peer. */
export function neededPrograms(requirements: string): string {
  const found = pythonPrograms(requirements);
  if ('bin' in found) return found.bin;
  process.stderr.write(`the peers need python3 with venv and pip: ${found.reason}\n`);
  process.exit(1);
}

function failure(command: string, args: string[]): string | null {
  const { status, stderr, error } = spawnSync(command, args, { encoding: 'utf8' });
  return status === 0 ? null : `${command} ${args.join(' ')}: ${error?.message ?? stderr.trim()}`;
}
