import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import type { Readable } from 'node:stream';

export interface Ended {
  exitCode: number;
  /** Both streams, as they came. */
  output: string;
}

/** The guides' service must not meet another one on this machine. */
const PORT = String(20_000 + (process.pid % 20_000));
const onOwnPort = (text: string) => text.replaceAll('7350', PORT);

/** A process group of its own, since Ctrl-C reaches every process of the terminal's. */
function start(command: string, folder: string): ChildProcessByStdio<null, Readable, Readable> {
  const own = { ORESTES_PORT: PORT, ORESTES_SERVER: `http://localhost:${PORT}` };
  const env = { ...process.env, NODE_ENV: undefined, NODE_OPTIONS: undefined, DATABASE_URL: undefined, ...own };
  return spawn('sh', ['-c', onOwnPort(command)], {
    cwd: folder,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
}

/** What was left running. */
export interface Background {
  /** As by Ctrl-C; returns when it has ended. */
  end(): Promise<void>;
}

/** Starts a command and leaves it running once its output has this. */
export async function inBackground(command: string, folder: string, ready: RegExp): Promise<Background> {
  const child = start(command, folder);
  const kill = () => void process.kill(-child.pid!, 'SIGKILL');
  process.once('exit', kill);
  const exit = once(child, 'exit');
  let output = '';
  await new Promise<void>((resolve, reject) => {
    const take = (chunk: Buffer) => {
      output += chunk.toString();
      if (ready.test(output)) resolve();
    };
    child.stdout.on('data', take);
    child.stderr.on('data', take);
    void exit.then(() => reject(new Error(`${command}: ended:\n${output}`)));
  });
  return {
    async end() {
      process.kill(-child.pid!, 'SIGINT');
      await exit;
      process.off('exit', kill);
    },
  };
}

/**
 * Runs a command line as a shell in a terminal would.
 * @param interruptAfter pressing Ctrl-C once the output has this
 */
export async function shell(command: string, folder: string, interruptAfter?: RegExp): Promise<Ended> {
  const child = start(command, folder);
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
