import { spawn } from 'node:child_process';
import { once } from 'node:events';

export interface Ended {
  exitCode: number;
  /** Both streams, as they came. */
  output: string;
}

/**
 * Runs a command line as a shell in a terminal would.
 * @param interruptAfter pressing Ctrl-C once the output has this
 */
export async function shell(command: string, folder: string, interruptAfter?: RegExp): Promise<Ended> {
  // A process group of its own, since Ctrl-C reaches every process of the terminal's.
  const env = { ...process.env, NODE_ENV: undefined, NODE_OPTIONS: undefined };
  const child = spawn('sh', ['-c', command], { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  const stop = () => void process.kill(-child.pid!, 'SIGKILL');
  process.once('exit', stop);
  let output = '';
  let interrupt = interruptAfter;
  const take = (chunk: Buffer) => {
    output += chunk.toString();
    if (!interrupt?.test(output)) return;
    interrupt = undefined;
    process.kill(-child.pid!, 'SIGINT');
  };
  child.stdout.on('data', take);
  child.stderr.on('data', take);
  const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
  process.off('exit', stop);
  if (interruptAfter && interrupt) throw new Error(`${command}: ended before it could be interrupted:\n${output}`);
  return { exitCode: signal === 'SIGINT' ? 130 : (code ?? 1), output };
}
