import { median } from '../../peers/peer.js';
import { round, type Usage } from '../api/usage.js';
import type { SideName } from './sides.js';
import { limitOf, type Turn, type TurnFigures } from './turn.js';

/** Figure by figure. */
export function medians(turns: readonly TurnFigures[]): TurnFigures {
  const of = <T extends object>(all: readonly T[]): T =>
    Object.fromEntries(
      Object.entries(all[0]!).map(([key, value]) => {
        const values = all.map((each) => each[key as keyof T]);
        return [key, typeof value === 'number' ? median(values as number[]) : of(values as object[])];
      }),
    ) as T;
  return of(turns);
}

/** All figures, and the ratios to the peer's where there is one. */
export function comparison(sides: ReadonlyMap<SideName, TurnFigures>): object {
  const [ours, peer] = [sides.get('orestes'), sides.get('peer')];
  const ratio = (figure: (of: TurnFigures) => number) => round(figure(ours!) / figure(peer!), 2);
  const ratios = ours &&
    peer && {
      jobsRatio: ratio(({ jobsPerSecond }) => jobsPerSecond),
      operatorCpuRatio: ratio(({ processes }) => processes['operator']!.cpuSeconds),
      operatorMemoryRatio: ratio(({ processes }) => processes['operator']!.peakMiB),
      apiserverCpuRatio: ratio(({ processes }) => processes['apiserver']!.cpuSeconds),
      cpuRatio: ratio(({ cpuMsPerJob }) => cpuMsPerJob),
      writesRatio: ratio(({ writesPerJob }) => writesPerJob),
      p50Ratio: ratio(({ p50Ms }) => p50Ms),
    };
  return { ...Object.fromEntries(sides), ...ratios };
}

/** A side a row, then its processes. */
export function printTable(sides: ReadonlyMap<SideName, TurnFigures>, turn: Turn, qps: number | null): void {
  const { jobs, queues, rate } = turn;
  console.log(`${jobs} jobs over ${queues} queues, client QPS ${qps ?? 'unlimited'}:`);
  for (const [name, figures] of sides) {
    const { jobsPerSecond, p50Ms, p99Ms, floodP50Ms, floodP99Ms, writesPerJob, cpuMsPerJob, processes } = figures;
    console.log(
      `  ${name.padEnd(8)} ${jobsPerSecond} jobs/s, ${writesPerJob} writes a job; to unsuspended p50 ${p50Ms} ms, p99 ${p99Ms} ms` +
        ` at ${rate} jobs/s, ${floodP50Ms} and ${floodP99Ms} ms all at once`,
    );
    console.log(`           ${Object.entries(processes).map(processText).join('; ')}`);
    console.log(`           ${cpuMsPerJob} ms of CPU a job; it is bound by ${limitOf(figures, qps)}`);
  }
}

const processText = ([name, { cpuSeconds, peakMiB }]: [string, Usage]) =>
  `${name} ${cpuSeconds} s CPU, at most ${peakMiB} MiB`;
