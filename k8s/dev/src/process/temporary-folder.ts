import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** A line asks for the removal; without one its writer died, and programs killed with it may need a moment to be gone. */
const REMOVER = 'trap "" INT TERM HUP; read -r line || sleep 1; rm -rf -- "$1"';

/**
 * A folder that is removed by `remove()`, or when this process ends in whatever way: a shell waits for either, since a
 * process that is killed cannot clear up.
 */
export async function temporaryFolder(prefix: string): Promise<{ folder: string; remove: () => Promise<void> }> {
  const folder = await mkdtemp(path.join(tmpdir(), prefix));
  const shell = spawn('sh', ['-c', REMOVER, 'sh', folder], {
    stdio: ['pipe', 'ignore', 'ignore'],
    cwd: '/',
    detached: true,
  });
  shell.unref();
  (shell.stdin as unknown as { unref(): void }).unref(); // a pipe is a socket, which its type does not say
  const remove = async () => {
    if (shell.exitCode !== null) return;
    shell.ref();
    shell.stdin.end('remove\n');
    await once(shell, 'exit');
  };
  return { folder, remove };
}
