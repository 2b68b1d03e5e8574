import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { chmod } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

/** Compiled, for benchmarks, this file lies one folder deeper. */
const ROOT = fileURLToPath(new URL(import.meta.url.includes('/test/dist/') ? '../../../' : '../../', import.meta.url));
const PROGRAM = join(ROOT, 'apps/cli/bin/orestes.mjs');

export interface RunningService {
  /** http://localhost:port */
  readonly url: string;
  readonly process: ChildProcess;
  /** Everything that it wrote, on both streams. */
  readonly output: string;
  /** Folder of its data. */
  readonly data: string;
  /** SIGKILL, and a new one on the same data and port. */
  killAndRestart(pauseMs?: number): Promise<void>;
  /** As by Ctrl-C; the data stays. @returns the exit code */
  interrupt(): Promise<number | null>;
  /** Ends it, and removes its data. */
  stop(): Promise<void>;
}

export interface ServiceSetting {
  options?: readonly string[];
  environment?: NodeJS.ProcessEnv;
}

/** A service as a user starts it, in a process of its own, on a free port and a folder of its own. Its working directory is the repository. */
export async function startTestService({
  options = [],
  environment = {},
}: ServiceSetting = {}): Promise<RunningService> {
  const data = mkdtempSync(join(tmpdir(), 'orestes-service-'));
  await chmod(data, 0o755); // for the account that runs PostgreSQL where tests run as root
  let port = 0;
  let output = '';
  let child: ChildProcess;
  const start = async (): Promise<void> => {
    child = spawn(process.execPath, [PROGRAM, 'serve', '--data', data, '--port', String(port), ...options], {
      cwd: ROOT,
      env: { ...process.env, NODE_ENV: undefined, NODE_OPTIONS: undefined, DATABASE_URL: undefined, ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const ready = new Promise<void>((resolve, reject) => {
      child.once('exit', (code) => reject(new Error(`the service ended with ${code}:\n${output}`)));
      for (const stream of [child.stdout!, child.stderr!])
        createInterface({ input: stream }).on('line', (line) => {
          output += `${line}\n`;
          const found = /serves at http:\/\/\S+:(\d+)/.exec(line);
          if (!found) return;
          port = Number(found[1]);
          resolve();
        });
    });
    await ready;
  };
  await start();
  const ended = async (signal: NodeJS.Signals): Promise<number | null> => {
    if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
    const exit = once(child, 'exit') as Promise<[number | null]>;
    child.kill(signal);
    return (await exit)[0];
  };
  const emergency = () => child.kill('SIGKILL');
  process.once('exit', emergency);
  return {
    get url() {
      return `http://localhost:${port}`;
    },
    get process() {
      return child;
    },
    get output() {
      return output;
    },
    data,
    async killAndRestart(pauseMs = 0) {
      await ended('SIGKILL');
      await sleep(pauseMs);
      await start();
    },
    interrupt: () => ended('SIGINT'),
    async stop() {
      await ended('SIGINT');
      process.off('exit', emergency);
      rmSync(data, { recursive: true, force: true });
    },
  };
}

/** Asks the service, with the key that the command line would use; the answer's status, headers and body. */
export async function ask(
  url: string,
  { method, body, headers = {} }: { method?: string; body?: unknown; headers?: Record<string, string> } = {},
): Promise<{ status: number; headers: Headers; body: unknown }> {
  const response = await fetch(url, {
    method: method ?? (body === undefined ? 'GET' : 'POST'),
    headers: { ...keyHeader(), ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
    ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  const isJson = /json/.test(response.headers.get('content-type') ?? '');
  return { status: response.status, headers: response.headers, body: isJson ? (JSON.parse(text) as unknown) : text };
}

const keyHeader = (key = process.env['ORESTES_API_KEY']) => key !== undefined && { authorization: `Bearer ${key}` };

/** A pipeline on the example's text that takes seconds: a corpus, a pretraining, fine-tunings from pretrained and random weights. */
export function examplePipeline({
  name = 'village',
  steps = 120,
  seeds = [1],
  retries = 3,
  weights = ['pretrained'],
} = {}) {
  const encoder = { layers: 1, hidden: 32, heads: 2, ffn: 64, embedding: 32, initializerStd: 0.1 };
  return {
    kind: 'pipeline',
    name,
    retries,
    corpus: {
      input: ['examples/data/village.txt'],
      tokenizer: { train: { vocabularySize: 600 } },
      sequenceLength: 32,
      validationEvery: 10,
    },
    pretrain: {
      recipe: 'decoupled-optim',
      size: 'tiny',
      model: { generator: encoder, discriminator: encoder },
      schedule: { maxSteps: steps, warmupSteps: 10, batchSize: 16, sequenceLength: 32 },
      checkpoint: { everySteps: 20, keep: 2 },
      evaluation: { everySteps: 60, batches: 1 },
      log: { everySteps: 5 },
    },
    finetune: {
      seeds,
      weights,
      tasks: [
        {
          task: {
            name: 'village',
            format: 'tsv',
            type: 'classification',
            train: 'examples/data/train.tsv',
            validation: 'examples/data/validation.tsv',
            text: ['sentence'],
            label: 'label',
          },
          schedule: { epochs: 2, batchSize: 16, maxLength: 32 },
        },
      ],
    },
  };
}
