import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { JobReport } from '@orestes/worker';

const PROGRAM = fileURLToPath(new URL('../../apps/cli/bin/orestes.mjs', import.meta.url));

export interface Ended {
  /** null when a signal ended it. */
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

export interface Watched {
  cwd?: string;
  /** Standard input; default empty. */
  input?: string;
  environment?: NodeJS.ProcessEnv;
  /** Told of every report, as it is written; needs --json. */
  onReport?: (report: JobReport, child: ChildProcess) => void;
  /** Told of every line on standard error, as it is written. */
  onMessage?: (line: string, child: ChildProcess) => void;
}

/** Runs the command line as a user does, in a process of its own, to its end. */
export function orestes(args: readonly string[], watched: Watched = {}): Promise<Ended> {
  const { cwd, input = '', environment, onReport, onMessage } = watched;
  const child = spawn(process.execPath, [PROGRAM, ...args], {
    cwd,
    env: { ...process.env, NODE_ENV: undefined, NODE_OPTIONS: undefined, ...environment },
  });
  child.stdin.on('error', () => undefined); // a program that refuses its arguments reads no input
  child.stdin.end(input);
  const [stdout, stderr] = [child.stdout, child.stderr].map((stream) => {
    const lines: string[] = [];
    createInterface({ input: stream }).on('line', (line) => {
      lines.push(line);
      if (stream === child.stderr) onMessage?.(line, child);
      else onReport?.(JSON.parse(line) as JobReport, child);
    });
    return lines;
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) =>
      resolve({ code, signal, stdout: stdout!.join('\n'), stderr: stderr!.join('\n') }),
    );
  });
}
