import { randomUUID } from 'node:crypto';
import type { DataSource } from '@orestes/database';
import { Client, type Answer } from './client.js';
import type { Faults } from './faults.js';
import { admitJobs, count, type LiveAttempt } from './rows.js';
import { pretraining } from './specs.js';

/** What a training loop measures at a step. */
const NAMES = [
  ...['mlm_loss', 'mlm_accuracy', 'replaced_rate', 'rtd_loss', 'rtd_accuracy', 'rtd_f1', 'rtd_auroc'],
  ...['grad_norm/generator', 'grad_norm/discriminator', 'learning_rate/generator'],
];
export const VALUES_PER_STEP = NAMES.length;

/** A service that takes runs and their metrics. */
export interface Side {
  readonly name: string;
  /** Its process. */
  readonly pid: number;
  /** One run, or job. @returns whether it was taken */
  create(): Promise<boolean>;
  /** One request with metrics of some steps, of the connection's own run. @returns whether they were taken */
  log(connection: number, steps: number): Promise<boolean>;
  /** Compares what was taken with what the database holds. */
  check(): Promise<void>;
  close(): void;
}

interface Place {
  url: string;
  pid: number;
  database: DataSource;
  connections: number;
  faults: Faults;
}

/** Says what was wrong with an answer, and whether it was right. */
function right(faults: Faults, what: string, { status, body }: Answer, wanted: number): boolean {
  if (status !== wanted) faults.add(`${what}: ${status} ${body.slice(0, 300)}`);
  return status === wanted;
}

const value = (name: number, step: number) => Math.sin(name + step / 100);

export async function orestesSide({ url, pid, database, connections, faults }: Place): Promise<Side> {
  const client = new Client(url, connections);
  const attempts = await admitJobs(database, connections);
  const told = attempts.map(() => ({ items: 0 }));
  const earlier = await count(database, 'job');
  let made = 0;
  let values = 0;
  const post = ({ id, token }: LiveAttempt, what: string, body: object) =>
    client.post(`/attempts/${id}/${what}`, body, { authorization: `Bearer ${token}` });
  for (const attempt of attempts)
    right(
      faults,
      'start',
      await post(attempt, 'start', { process: randomUUID(), host: 'elsewhere.example', pid: 1 }),
      200,
    );
  return {
    name: 'orestes',
    pid,
    async create() {
      const answer = await client.post('/jobs', pretraining(made), { 'idempotency-key': randomUUID() });
      const taken = right(faults, 'POST /jobs', answer, 202);
      if (taken) made++;
      return taken;
    },
    async log(connection, steps) {
      const [attempt, report] = [attempts[connection]!, told[connection]!];
      const step = (s: number) => ({
        kind: 'metric',
        step: s,
        time: Date.now(),
        split: 'train',
        values: Object.fromEntries(NAMES.map((name, i) => [name, value(i, s)])),
      });
      const items = Array.from({ length: steps }, (_, i) => step(report.items + i));
      const done = report.items + steps;
      const progress = { done, total: 1e6, unit: 'steps', tokensPerSecond: 51234.5, etaSeconds: 60 };
      const answer = await post(attempt, 'reports', { first: report.items, items, progress });
      if (!right(faults, 'reports', answer, 200)) return false;
      report.items = done;
      values += steps * VALUES_PER_STEP;
      return true;
    },
    async check() {
      faults.equal('jobs', (await count(database, 'job')) - earlier, made);
      const own = attempts.map(({ job }) => job);
      const rows = await count(database, 'metric, jsonb_each("values") WHERE job_id = ANY($1)', [own]);
      faults.equal('metric values', rows, values);
    },
    close: () => client.close(),
  };
}

export async function mlflowSide({ url, pid, database, connections, faults }: Place, name: string): Promise<Side> {
  const client = new Client(url, connections);
  const api = (path: string, body: object) => client.post(`/api/2.0/mlflow/${path}`, body);
  const experiment = await api('experiments/create', { name: 'bench' });
  const { experiment_id } = JSON.parse(experiment.body) as { experiment_id: string };
  let made = 0;
  let values = 0;
  const create = async () => {
    const answer = await api('runs/create', {
      experiment_id,
      start_time: Date.now(),
      run_name: `run-${made % 250}`,
      tags: Object.entries(pretraining(made).labels).map(([key, text]) => ({ key, value: text })),
    });
    if (!right(faults, `${name}: runs/create`, answer, 200)) return '';
    made++;
    return (JSON.parse(answer.body) as { run: { info: { run_id: string } } }).run.info.run_id;
  };
  const runs: { id: string; steps: number }[] = [];
  for (let i = 0; i < connections; i++) runs.push({ id: await create(), steps: 0 });
  return {
    name,
    pid,
    create: async () => (await create()) !== '',
    async log(connection, steps) {
      const run = runs[connection]!;
      const timestamp = Date.now();
      const metrics = Array.from({ length: steps }, (_, s) => run.steps + s).flatMap((step) =>
        NAMES.map((key, i) => ({ key, value: value(i, step), timestamp, step })),
      );
      const answer = await api('runs/log-batch', { run_id: run.id, metrics });
      if (!right(faults, `${name}: log-batch`, answer, 200)) return false;
      run.steps += steps;
      values += metrics.length;
      return true;
    },
    async check() {
      faults.equal(`${name}: runs`, await count(database, 'runs'), made);
      faults.equal(`${name}: metric values`, await count(database, 'metrics'), values);
    },
    close: () => client.close(),
  };
}
