import { EngineOptions, UserError } from '@orestes/contracts';
import { createEngine } from '@orestes/engine';
import { lineCharts } from '@orestes/plot';
import { joinAddress, openStore } from '@orestes/storage';
import { experiments, type Experiment, type ReproduceReport, type Verdict } from '@orestes/trainer';
import { print, printJson } from '../output.js';
import { Progress } from '../progress.js';
import { stopOnSignal } from '../stop.js';

export interface CliReproduceOptions {
  /** A folder or an s3:// address. */
  output: string;
  seeds: number;
  steps?: number;
  quick: boolean;
  json: boolean;
}

/**
 * Runs one of the paper's experiments in its toy form, and writes its page, figures and plot. Finished runs are kept in
 * the output: after Ctrl-C the same command goes on from there.
 * @throws UserError EXPERIMENT_UNKNOWN; OrestesError INTERRUPTED, DIVERGED
 */
export async function reproduce(name: string, options: CliReproduceOptions): Promise<void> {
  const experiment = experimentOf(name);
  const store = openStore(options.output);
  const progress = new Progress(process.stderr);
  const stop = stopOnSignal(() => progress.end());
  const report = options.json ? printJson : (r: ReproduceReport) => show(r, progress);
  const engine = await createEngine(EngineOptions.parse({}));
  try {
    const made = await experiment(options, { engine, store, signal: stop.signal, report });
    const svg = await lineCharts(made.title, made.charts, 3);
    const encoder = new TextEncoder();
    await store.put(`${made.name}.svg`, encoder.encode(svg));
    await store.put(`${made.name}.md`, encoder.encode(made.page));
    progress.end();
    const files = ['md', 'csv', 'svg'].map((extension) => joinAddress(options.output, `${made.name}.${extension}`));
    if (options.json) return printJson({ kind: 'reproduce', name, files, verdicts: made.verdicts });
    print([...made.verdicts.map(verdictLine), '', ...files].join('\n'));
  } finally {
    progress.end();
    stop.release();
    engine.dispose();
  }
}

function experimentOf(name: string): Experiment {
  const all: Record<string, Experiment> = experiments;
  if (Object.hasOwn(all, name)) return all[name]!;
  throw new UserError(
    'EXPERIMENT_UNKNOWN',
    `reproduce: ${name} is not known (allowed: ${Object.keys(all).join(', ')})`,
  );
}

function show(report: ReproduceReport, progress: Progress): void {
  if (report.kind === 'progress') return progress.report(report);
  progress.end();
  process.stderr.write(`${report.message}\n`);
}

const verdictLine = ({ claim, shown, because }: Verdict) =>
  `${shown ? 'shown    ' : 'NOT SHOWN'}  ${claim}\n           ${because}`;
