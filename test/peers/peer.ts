import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';

/** A process that answers one JSON line to each JSON line. */
export class Peer {
  private readonly child: ChildProcess;
  private readonly answers: AsyncIterator<string>;

  constructor(
    readonly name: string,
    command: string,
    args: readonly string[],
    environment: NodeJS.ProcessEnv = {},
  ) {
    this.child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'], env: { ...process.env, ...environment } });
    this.answers = createInterface({ input: this.child.stdout! })[Symbol.asyncIterator]();
  }

  async ask<T>(command: object): Promise<T> {
    this.child.stdin!.write(`${JSON.stringify(command)}\n`);
    const line = await this.answers.next();
    if (line.done) throw new Error(`${this.name} ended without an answer`);
    const answer = JSON.parse(line.value) as T & { error?: string };
    if (answer.error) throw new Error(`${this.name}: ${answer.error}`);
    return answer;
  }

  async end(): Promise<void> {
    if (this.child.exitCode !== null) return;
    const closed = new Promise((resolve) => this.child.once('close', resolve));
    this.child.stdin!.end(`${JSON.stringify({ cmd: 'exit' })}\n`);
    await closed;
  }
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const n = sorted.length;
  return (sorted[(n - 1) >> 1]! + sorted[n >> 1]!) / 2;
}
