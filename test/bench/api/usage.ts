import { readdirSync, readFileSync } from 'node:fs';
import { loadavg } from 'node:os';

/** Of /proc/PID/stat's times; Linux says it is 100 everywhere. */
const TICKS = 100;
const SAMPLE_MS = 2000;

export interface Usage {
  cpuSeconds: number;
  /** Proportional set size: what processes share is counted once. */
  residentMiB: number;
  peakMiB: number;
}

export interface PhaseUsage {
  seconds: number;
  processes: Record<string, Usage>;
  /** Cores that neither these processes nor this one used: the machine's other work. */
  otherCores: number;
  loadAverage: number;
}

/** CPU time and memory of processes, each with all below it, from now until `stop`. */
export function meter(roots: Readonly<Record<string, number>>): () => PhaseUsage {
  const names = Object.keys(roots);
  const peaks = new Map(names.map((name) => [name, 0]));
  const sample = () => {
    for (const name of names) peaks.set(name, Math.max(peaks.get(name)!, memory(roots[name]!)));
  };
  const cpuOf = () => new Map(names.map((name) => [name, cpu(roots[name]!)]));
  const [before, busy, own, began] = [cpuOf(), machine(), cpu(process.pid, false), performance.now()];
  const timer = setInterval(sample, SAMPLE_MS).unref();
  return () => {
    clearInterval(timer);
    sample();
    const seconds = (performance.now() - began) / 1000;
    const after = cpuOf();
    const used = names.map((name) => after.get(name)! - before.get(name)!);
    const usage = (name: string, i: number): [string, Usage] => [
      name,
      { cpuSeconds: round(used[i]!, 2), residentMiB: round(memory(roots[name]!)), peakMiB: round(peaks.get(name)!) },
    ];
    const ours = used.reduce((a, b) => a + b, cpu(process.pid, false) - own);
    return {
      seconds: round(seconds, 1),
      processes: Object.fromEntries(names.map(usage)),
      otherCores: round(Math.max(0, machine() - busy - ours) / seconds, 2),
      loadAverage: round(loadavg()[0]!, 2),
    };
  };
}

export const round = (value: number, digits = 0): number => Number(value.toFixed(digits));

/** Seconds of a process and its descendants; those that have ended are counted by whom they belonged to. */
export function cpu(pid: number, descendants = true): number {
  const fields = read(`/proc/${pid}/stat`)
    .replace(/^.*\) /s, '')
    .split(' ');
  const [user = 0, system = 0, endedUser = 0, endedSystem = 0] = fields.slice(11, 15).map(Number);
  const self = (user + system) / TICKS;
  if (!descendants) return self;
  return children(pid).reduce((sum, child) => sum + cpu(child), self + (endedUser + endedSystem) / TICKS);
}

/** MiB. */
function memory(pid: number): number {
  const pss = /^Pss:\s+(\d+) kB/m.exec(read(`/proc/${pid}/smaps_rollup`))?.[1] ?? 0;
  return children(pid).reduce((sum, child) => sum + memory(child), Number(pss) / 1024);
}

function children(pid: number): number[] {
  const threads = list(`/proc/${pid}/task`);
  return threads.flatMap((tid) => read(`/proc/${pid}/task/${tid}/children`).split(' ').filter(Boolean).map(Number));
}

/** Busy seconds of all cores: all but idle, waiting for disks, and what is counted in user time already. */
function machine(): number {
  const [user = 0, nice = 0, system = 0, , , interrupts = 0, soft = 0] = read('/proc/stat')
    .split('\n')[0]!
    .split(/\s+/)
    .slice(1)
    .map(Number);
  return (user + nice + system + interrupts + soft) / TICKS;
}

/** Empty for a process that has just ended. */
function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
