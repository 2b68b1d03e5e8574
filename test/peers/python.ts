import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';

/** Python with what test/peers/requirements.txt pins, in a virtual environment under .cache; made on first use. */
export function peerPython(): string {
  const folder = path.resolve('.cache', 'peers');
  const python = path.join(folder, 'bin', 'python');
  const ready = path.join(folder, 'ready');
  if (existsSync(ready)) return python;
  process.stderr.write('installing the peers (test/peers/requirements.txt) ...\n');
  call('python3', ['-m', 'venv', '--clear', folder]);
  call(python, [
    '-m',
    'pip',
    'install',
    '--quiet',
    '--disable-pip-version-check',
    '-r',
    path.join('test', 'peers', 'requirements.txt'),
  ]);
  call('touch', [ready]);
  return python;
}

function call(command: string, args: string[]): void {
  const { status, stderr, error } = spawnSync(command, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${error?.message ?? stderr}`);
}
