import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const REQUIREMENTS = path.join('test', 'peers', 'requirements.txt');

/** Python with what test/peers/requirements.txt pins, in a virtual environment under .cache; made on first use. */
export function peerPython(): string {
  const folder = path.resolve('.cache', 'peers');
  const python = path.join(folder, 'bin', 'python');
  const ready = path.join(folder, 'ready');
  const wanted = readFileSync(REQUIREMENTS, 'utf8');
  if (existsSync(ready) && readFileSync(ready, 'utf8') === wanted) return python;
  process.stderr.write('installing the peers (test/peers/requirements.txt) ...\n');
  call('python3', ['-m', 'venv', '--clear', folder]);
  call(python, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', REQUIREMENTS]);
  writeFileSync(ready, wanted);
  return python;
}

function call(command: string, args: string[]): void {
  const { status, stderr, error } = spawnSync(command, args, { encoding: 'utf8' });
  if (status === 0) return;
  process.stderr.write(
    `the peers need python3 with venv and pip: ${command} ${args.join(' ')}: ${error?.message ?? stderr}\n`,
  );
  process.exit(1);
}
