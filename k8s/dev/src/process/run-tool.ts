import { spawn } from 'node:child_process';

export interface ToolOptions {
  cwd?: string;
  env?: NodeJS.ProcessEnv;
  /** Given to it as standard input. */
  input?: string;
  /** Leaves the processor to whatever else wants it, and ends with this process, even when that is killed. */
  gently?: boolean;
  signal?: AbortSignal | undefined;
}

const GENTLY = ['setpriv', '--pdeathsig', 'TERM', 'nice'];
/** What a failing tool said last is what counts. */
const SHOWN_LINES = 20;

/**
 * Runs a program to its end.
 * @returns what it wrote to standard output
 * @throws Error with the end of what it wrote to standard error
 */
export function runTool(command: string, args: readonly string[], options: ToolOptions = {}): Promise<string> {
  const { cwd, env, input, gently, signal } = options;
  return new Promise((resolve, reject) => {
    const [program, ...all] = [...(gently ? GENTLY : []), command, ...args] as [string, ...string[]];
    const child = spawn(program, all, { cwd, env, stdio: ['pipe', 'pipe', 'pipe'] });
    let written = '';
    let said = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (written += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
    child.stdin.on('error', () => undefined).end(input); // it may end before it has read
    const abort = () => child.kill('SIGTERM');
    signal?.addEventListener('abort', abort, { once: true });
    if (signal?.aborted) abort();
    child.once('error', reject);
    child.once('close', (code, by) => {
      signal?.removeEventListener('abort', abort);
      if (signal?.aborted) reject(new Error('interrupted'));
      else if (code === 0) resolve(written);
      else reject(new Error(lastLines(said) || `${command} ended with ${by ?? code}`));
    });
  });
}

export const lastLines = (text: string): string => text.trim().split('\n').slice(-SHOWN_LINES).join('\n');
