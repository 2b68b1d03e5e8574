import { availableParallelism } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { Informer, JOBS } from '@orestes/kubernetes';
import { NAMESPACE } from '../../cluster/test-cluster.js';
import type { Faults } from '../api/faults.js';
import { meter, round, type Usage } from '../api/usage.js';
import { orestesPods, plainPods } from './sides.js';

export interface PodsSetting {
  nodes: number;
  pods: number;
  /** Pods of each job. */
  hosts: number;
  /** Submissions under way at a time. */
  connections: number;
}

export interface PodsFigures {
  /** From the first submission until the last Job is complete. */
  podsPerSecond: number;
  seconds: number;
  processes: Record<string, Usage>;
  cores: number;
  otherCores: number;
}

/** With Orestes, and the same Jobs by themselves. */
const PODS_SIDES = { orestes: orestesPods, plain: plainPods } as const;

/** Without any pod's end. */
const STUCK_MS = 300_000;
const TELL_MS = 10_000;
const POLL_MS = 50;

/** Jobs submitted all at once, on a cluster of their own, until all their pods have succeeded. */
export async function takePods(
  name: keyof typeof PODS_SIDES,
  { nodes, pods, hosts, connections }: PodsSetting,
  faults: Faults,
): Promise<PodsFigures> {
  const side = await PODS_SIDES[name](nodes, hosts);
  const jobs = new Informer(side.client, JOBS, { namespace: NAMESPACE });
  const succeeded = new Map<string, number>();
  const complete = new Set<string>();
  jobs.subscribe(({ key, new: job }) => {
    if (!job) return; // kept for days
    succeeded.set(key, job.status?.succeeded ?? 0);
    for (const { type, status } of job.status?.conditions ?? []) {
      if (status !== 'True') continue;
      if (type === 'Complete') complete.add(key);
      if (type === 'Failed') faults.add(`${key} failed`);
    }
  });
  jobs.start();
  try {
    await jobs.whenSynced();
    const count = Math.ceil(pods / hosts);
    const stop = meter(side.pids);
    const began = performance.now();
    let next = 0;
    const connection = async () => {
      for (let i = next++; i < count; i = next++)
        await side.submit(i).catch((error: unknown) => faults.add(`submitting ${i}: ${String(error)}`));
    };
    await Promise.all(Array.from({ length: connections }, connection));
    const ended = () => [...succeeded.values()].reduce((sum, each) => sum + each, 0);
    let [last, since, told] = [-1, began, began];
    while (complete.size < count) {
      const now = performance.now();
      if (ended() !== last) [last, since] = [ended(), now];
      if (now - since > STUCK_MS || faults.count > 100)
        throw new Error(`${name}: ${ended()} pods ended, ${complete.size} of ${count} Jobs, and no more of them`);
      if (now - told > TELL_MS) {
        told = now;
        process.stderr.write(`${name}: ${ended()} of ${count * hosts} pods\n`);
      }
      await sleep(POLL_MS);
    }
    const seconds = (performance.now() - began) / 1000;
    const { processes, otherCores } = stop();
    const cpuSeconds = Object.values(processes).reduce((sum, each) => sum + each.cpuSeconds, 0);
    return {
      ...{ podsPerSecond: round((count * hosts) / seconds, 1), seconds: round(seconds, 1) },
      ...{ processes, cores: round(cpuSeconds / seconds, 2), otherCores },
    };
  } finally {
    await jobs.stop();
    await side.stop();
  }
}

export function printPods(sides: ReadonlyMap<string, PodsFigures>, { nodes, pods, hosts }: PodsSetting): void {
  console.log(`${pods} pods in jobs of ${hosts}, on ${nodes} simulated nodes of 8 GPUs:`);
  for (const [name, { podsPerSecond, seconds, processes, cores, otherCores }] of sides) {
    console.log(
      `  ${name.padEnd(8)} ${podsPerSecond} pods/s, ${seconds} s, ${cores} of ${availableParallelism()} cores, others ${otherCores}`,
    );
    const each = Object.entries(processes).map(
      ([of, { cpuSeconds, peakMiB }]) => `${of} ${cpuSeconds} s, ${peakMiB} MiB`,
    );
    console.log(`           CPU and peak memory: ${each.join('; ')}`);
  }
}
