import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { neededPrograms } from './python.js';

const READY_MS = 120_000;

export interface MlflowSetting {
  /** Of `mlflow server`. */
  options: readonly string[];
  environment: NodeJS.ProcessEnv;
}

/** MLflow's tracking server, in processes of its own. */
export interface RunningMlflow {
  /** http://127.0.0.1:port */
  url: string;
  pid: number;
  stop(): Promise<void>;
}

/** @param database an empty PostgreSQL database's address */
export async function startMlflow(database: string, { options, environment }: MlflowSetting): Promise<RunningMlflow> {
  const folder = mkdtempSync(path.join(tmpdir(), 'orestes-mlflow-'));
  const port = await freePort();
  const store = database.replace(/^postgres:/, 'postgresql+psycopg2:'); // SQLAlchemy would choose another driver
  const place = ['--host', '127.0.0.1', '--port', String(port), '--backend-store-uri', store];
  const program = path.join(neededPrograms('requirements-mlflow'), 'mlflow');
  const child = spawn(program, ['server', ...place, ...options], {
    cwd: folder,
    env: { ...process.env, MLFLOW_DISABLE_TELEMETRY: 'true', DO_NOT_TRACK: 'true', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true, // a process group: its workers end with it
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (text: Buffer) => (said = (said + text.toString()).slice(-4000)));
  const signal = (name: NodeJS.Signals) => {
    try {
      process.kill(-child.pid!, name);
    } catch {
      // none of the group is left
    }
  };
  const emergency = () => signal('SIGKILL');
  process.once('exit', emergency);
  const exit = once(child, 'exit');
  const stop = async () => {
    signal('SIGTERM');
    await Promise.race([exit, sleep(10_000, undefined, { ref: false })]);
    signal('SIGKILL');
    process.off('exit', emergency);
    rmSync(folder, { recursive: true, force: true });
  };
  const url = `http://127.0.0.1:${port}`;
  for (const deadline = Date.now() + READY_MS; !(await answers(url)); await sleep(200)) {
    if (child.exitCode === null && Date.now() < deadline) continue;
    await stop();
    throw new Error(`MLflow did not start: ${said}`);
  }
  return { url, pid: child.pid!, stop };
}

const answers = (url: string): Promise<boolean> =>
  fetch(`${url}/health`).then(
    ({ ok }) => ok,
    () => false,
  );

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}
