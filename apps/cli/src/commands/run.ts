import { OrestesError, type JobSpec } from '@orestes/contracts';
import type { JobReport } from '@orestes/worker';
import { measures } from '@orestes/worker/reports';
import { Progress } from '../progress.js';
import { print, printJson } from '../output.js';
import { readSpec } from '../spec-file.js';
import { stopOnSignal } from '../stop.js';

export interface RunOptions {
  json: boolean;
  set: string[];
}

/** Runs a spec in this process. Ctrl-C checkpoints and stops; a second one stops at once. */
export async function run(file: string, options: RunOptions): Promise<void> {
  const spec = await readSpec(file, options.set);
  const { runJob } = await import('@orestes/worker'); // a wrong spec is told at once, without loading all that trains
  const progress = new Progress(process.stderr);
  const stop = stopOnSignal(() => progress.end());
  const report = (r: JobReport) => (options.json ? printJson(r) : progress.report(r));
  try {
    const result = await runJob(spec, { report, signal: stop.signal });
    progress.end();
    if (options.json) printJson(result);
    else print(summary(spec, result));
  } catch (e) {
    progress.end();
    throw e instanceof OrestesError && e.code === 'INTERRUPTED' && GOES_ON.includes(spec.kind) ? withAdvice(e) : e;
  } finally {
    stop.release();
  }
}

/** Jobs that an interruption costs nothing; the others start from their beginning. */
const GOES_ON: readonly JobSpec['kind'][] = ['pretrain', 'finetune'];

const withAdvice = (e: OrestesError) =>
  new OrestesError(e.code, `${e.message}\nto go on from there, run the same command again`, e.exitCode, { cause: e });

/** The figures of a result in one line, and where it lies. */
function summary(spec: JobSpec, result: unknown): string {
  const figures = Object.entries(result as Record<string, unknown>).flatMap(([key, value]) => flat(key, value));
  return `${measures(Object.fromEntries(figures))}\n${spec.kind} ${'name' in spec ? spec.name : ''} done: ${spec.output}`;
}

function flat(key: string, value: unknown): [string, number][] {
  if (key === 'special') return []; // ids of tokens are no figures
  if (typeof value === 'number') return [[key, value]];
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return [];
  return Object.entries(value).flatMap(([inner, v]) => flat(`${key}.${inner}`, v));
}
