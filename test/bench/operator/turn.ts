import { availableParallelism } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { Informer, TRAINING_JOBS } from '@orestes/kubernetes';
import { NAMESPACE } from '../../cluster/test-cluster.js';
import type { Faults } from '../api/faults.js';
import { openLoop, quantile } from '../api/loops.js';
import { meter, round, type Usage } from '../api/usage.js';
import { Runner } from './runner.js';
import type { Side } from './sides.js';
import { QUOTA } from './workload.js';
import { writesOf } from './writes.js';

export interface Turn {
  jobs: number;
  queues: number;
  /** A second, of the jobs before, by whose times the latencies are told. */
  rate: number;
  seconds: number;
  /** Submissions under way at a time. */
  connections: number;
}

export interface TurnFigures {
  /** From the first submission to the last Job unsuspended. */
  jobsPerSecond: number;
  /** From a submission to its Job unsuspended, milliseconds: at `rate`, and with all jobs submitted at once. */
  p50Ms: number;
  p99Ms: number;
  floodP50Ms: number;
  floodP99Ms: number;
  /** From the first submission until every object says that its job has ended. */
  seconds: number;
  processes: Record<string, Usage>;
  /** All of them together, in these seconds. */
  cores: number;
  /** Of all of them, of one job: other work on the machine changes it less than the rates. */
  cpuMsPerJob: number;
  /** This process: it submits, and stands in for kubelet and job controller. */
  benchCores: number;
  otherCores: number;
  writesPerJob: number;
  /** Of all queues' GPU time until the last Job started. */
  quotaShare: number;
}

/** Writes of the runner's own, of each job. */
const ENDING = 1;
const POLL_MS = 20;
/** Without any progress. */
const STUCK_MS = 120_000;

/** Jobs at a fixed rate, for latencies and to warm up; then as many as there are, as fast as they are taken. */
export async function takeTurn(side: Side, turn: Turn, faults: Faults): Promise<TurnFigures> {
  const { jobs, rate, seconds, connections, queues } = turn;
  const runner = new Runner(side.client, NAMESPACE, faults);
  await runner.start();
  const submitted = new Map<string, number>();
  const submit = async (i: number) => {
    const at = performance.now();
    await side.submit(i).then(
      (name) => submitted.set(name, at),
      (error: Error) => faults.add(error.message),
    );
  };
  try {
    await submit(0); // until it has ended, the side may still be starting
    await progress(() => runner.ended.size, 1, faults);
    submitted.clear();
    await openLoop(rate, seconds, (i) => submit(i + 1));
    const early = 1 + submitted.size;
    await progress(() => runner.ended.size, early, faults);
    const steady = latencies(submitted, runner);
    submitted.clear();
    runner.gpuSeconds = 0;
    const [stop, writes, own] = [meter(side.pids), await writesOf(side.control), process.cpuUsage()];
    const began = performance.now();
    const first = 1 + Math.ceil(rate * seconds);
    let next = first;
    const connection = async () => {
      for (let i = next++; i < first + jobs; i = next++) await submit(i);
    };
    await Promise.all(Array.from({ length: connections }, connection));
    await progress(() => runner.ended.size, early + submitted.size, faults);
    const admitted = (Math.max(...[...submitted.keys()].map((name) => runner.started.get(name)!)) - began) / 1000;
    await told(side, early + submitted.size, faults);
    const used = stop();
    const { user, system } = process.cpuUsage(own);
    const cpuSeconds = Object.values(used.processes).reduce((sum, each) => sum + each.cpuSeconds, 0);
    const written = (await writesOf(side.control)) - writes;
    const flood = latencies(submitted, runner);
    return {
      jobsPerSecond: round(submitted.size / admitted, 1),
      ...{ p50Ms: quantileOf(steady, 0.5), p99Ms: quantileOf(steady, 0.99) },
      ...{ floodP50Ms: quantileOf(flood, 0.5), floodP99Ms: quantileOf(flood, 0.99) },
      ...{ seconds: used.seconds, processes: used.processes, otherCores: used.otherCores },
      cores: round(cpuSeconds / used.seconds, 2),
      cpuMsPerJob: round((1000 * cpuSeconds) / submitted.size),
      benchCores: round((user + system) / 1e6 / used.seconds, 2),
      writesPerJob: round(written / submitted.size - ENDING, 2),
      quotaShare: round(runner.gpuSeconds / (admitted * queues * QUOTA), 3),
    };
  } finally {
    await runner.stop();
  }
}

const latencies = (submitted: ReadonlyMap<string, number>, { started }: Runner): number[] =>
  [...submitted].filter(([name]) => started.has(name)).map(([name, at]) => started.get(name)! - at);

const quantileOf = (values: readonly number[], share: number): number => round(quantile(values, share));

/** Waits until so many are done. @throws Error where nothing happens any more */
async function progress(done: () => number, wanted: number, faults: Faults): Promise<void> {
  let [last, since] = [-1, performance.now()];
  while (done() < wanted) {
    if (done() !== last) [last, since] = [done(), performance.now()];
    if (performance.now() - since > STUCK_MS || faults.count > 100)
      throw new Error(`${done()} of ${wanted} jobs got so far, and no more of them`);
    await sleep(POLL_MS);
  }
}

/** Every object says that its job has ended; looked at only now, so that watching costs nothing before. */
async function told(side: Side, wanted: number, faults: Faults): Promise<void> {
  const objects = new Informer(side.client, TRAINING_JOBS, { namespace: NAMESPACE });
  const over = new Set<string>();
  objects.subscribe(({ key, new: object }) => {
    if (object?.status?.phase === 'failed') over.add(key);
  });
  objects.start();
  try {
    await progress(() => over.size, wanted, faults);
  } finally {
    await objects.stop();
  }
}

/** What keeps a side from being faster, by its figures. @param qps of its client; null: unlimited */
export function limitOf(
  { cores, benchCores, otherCores, quotaShare, ...figures }: TurnFigures,
  qps: number | null,
): string {
  const busy = cores + benchCores + otherCores;
  const available = availableParallelism();
  const writes = figures.jobsPerSecond * figures.writesPerJob;
  if (quotaShare > 0.8) return `the quota (${round(100 * quotaShare)}% of it is used)`;
  if (busy > 0.85 * available)
    return `the processor (${round(cores, 1)} of ${available} cores, ${round(benchCores, 1)} the benchmark's, ${round(otherCores, 1)} others')`;
  if (qps !== null) return `${qps} requests a second (${round(writes)} writes a second)`;
  return `waiting between steps (${round(busy, 1)} of ${available} cores busy)`;
}
