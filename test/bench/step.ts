import { mkdtempSync, rmSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { findPlugin } from '@orestes/engine';
import { median, Peer } from '../peers/peer.js';
import type { StepConfig } from '../peers/step-orestes.js';
import { neededPrograms } from '../peers/python.js';
import { benchOptions, numberOption, usage } from '../support/options.js';

/**
 * One decoupled-optim training step: Orestes, the same step in JAX, and with `--peers torch` PyTorch where it is installed,
 * taking turns in one run. The last line is one JSON object of all figures.
 */
const PEERS = path.resolve('test', 'peers');

const small: StepConfig = {
  vocabulary: 8192,
  hidden: 256,
  heads: 4,
  ffn: 1024,
  layersD: 4,
  layersG: 4,
  batch: 16,
  length: 128,
  selections: 20,
  dropout: 0.1,
  precision: 'f32',
};
const large: StepConfig = { ...small, hidden: 512, heads: 8, ffn: 2048, layersD: 8, layersG: 8 };

interface Prepared {
  traceMs: number;
  compileMs: number;
  firstStepMs: number;
  /** Orestes alone: from the process's start to the end of its first step. */
  sinceStartMs?: number;
  matmulFlops?: number;
}

interface Figures extends Prepared {
  stepMs: number;
  peakRssMiB: number;
}

const orestes = (name: string, environment: NodeJS.ProcessEnv = {}): Peer =>
  new Peer(name, process.execPath, [path.resolve('test', 'dist', 'peers', 'step-orestes.js')], environment);

/** Steps of every peer in turn, `rounds` times `steps`. */
async function alternate(
  peers: Peer[],
  config: StepConfig,
  extra: Record<string, object>,
  rounds: number,
  steps: number,
): Promise<Record<string, Figures>> {
  const prepared: Record<string, Prepared> = {};
  for (const peer of peers)
    prepared[peer.name] = await peer.ask<Prepared>({ cmd: 'prepare', ...config, ...extra[peer.name] });
  const times: Record<string, number[]> = Object.fromEntries(peers.map((p) => [p.name, []]));
  for (const peer of peers) await peer.ask({ cmd: 'steps', n: 2 });
  for (let round = 0; round < rounds; round++) {
    for (const peer of round % 2 ? peers.toReversed() : peers) {
      const { ms } = await peer.ask<{ ms: number[] }>({ cmd: 'steps', n: steps });
      times[peer.name]!.push(...ms);
    }
    process.stderr.write(
      `round ${round + 1}/${rounds}: ${peers.map((p) => `${p.name} ${median(times[p.name]!).toFixed(0)} ms`).join('  ')}\n`,
    );
  }
  const result: Record<string, Figures> = {};
  for (const peer of peers) {
    const { peakRssBytes } = await peer.ask<{ peakRssBytes: number }>({ cmd: 'memory' });
    result[peer.name] = {
      ...prepared[peer.name]!,
      stepMs: median(times[peer.name]!),
      peakRssMiB: peakRssBytes / 2 ** 20,
    };
    await peer.end();
  }
  return result;
}

/** What it takes until the first step is done, beside loading Node and making initial values: trace, compile or load, run. */
const untilFirstStep = (p: Prepared): number => p.traceMs + p.compileMs + p.firstStepMs;

/** A process that finds nothing in the program cache, and the median of three that do. */
async function starts(config: StepConfig): Promise<{ cold: Prepared; cached: Prepared }> {
  const programs = mkdtempSync(path.join(tmpdir(), 'orestes-programs-'));
  try {
    const measure = async (): Promise<Prepared> => {
      const peer = orestes('orestes', { ORESTES_CACHE: programs, ORESTES_PJRT_PLUGIN: findPlugin('cpu').path });
      const figures = await peer.ask<Prepared>({ cmd: 'prepare', ...config });
      await peer.end();
      return figures;
    };
    const cold = await measure();
    const runs = [await measure(), await measure(), await measure()];
    return { cold, cached: runs.sort((a, b) => untilFirstStep(a) - untilFirstStep(b))[1]! };
  } finally {
    rmSync(programs, { recursive: true, force: true });
  }
}

/** FLOP/s of a large float32 matrix product in NumPy's BLAS on all cores: this machine's peak, the best of ten. */
function matmulPeak(python: string): number {
  const code =
    'import numpy as np, time\n' +
    'a = np.random.rand(2048, 2048).astype(np.float32); best = 1e9\n' +
    'for _ in range(10):\n    t = time.perf_counter(); a @ a; best = min(best, time.perf_counter() - t)\n' +
    'print(2 * 2048**3 / best)';
  const { stdout, status, stderr } = spawnSync(python, ['-c', code], { encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
  return Number(stdout);
}

const TORCH_FORMS = {
  'torch-eager-f32': { compile: false, precision: 'f32' },
  'torch-compile-f32': { compile: true, precision: 'f32' },
  'torch-eager-bf16': { compile: false, precision: 'bf16' },
  'torch-compile-bf16': { compile: true, precision: 'bf16' },
} as const;

/** Orestes and JAX; with `torch` also Orestes in bf16, and PyTorch in every form. */
async function compare(python: string, config: StepConfig, torch: boolean, rounds: number, steps: number) {
  const peers = [orestes('orestes'), new Peer('jax', python, [path.join(PEERS, 'step_bench.py')])];
  if (!torch) return alternate(peers, config, {}, rounds, steps);
  const script = path.join(PEERS, 'step_bench_torch.py');
  peers.push(orestes('orestes-bf16'), ...Object.keys(TORCH_FORMS).map((name) => new Peer(name, 'python3', [script])));
  return alternate(peers, config, { ...TORCH_FORMS, 'orestes-bf16': { precision: 'bf16' } }, rounds, steps);
}

function requireTorch(): void {
  const { status } = spawnSync('python3', ['-c', 'import torch']);
  if (status !== 0) usage('--peers torch: python3 on the path has no PyTorch (python3 -m pip install torch==2.15.0)');
}

async function main(): Promise<void> {
  const values = benchOptions({
    peers: { type: 'string', multiple: true, default: [] },
    rounds: { type: 'string', default: '8' },
    steps: { type: 'string', default: '3' },
    dropout: { type: 'string', default: '0.1' },
    'small-only': { type: 'boolean', default: false },
  });
  const other = values.peers.find((name) => name !== 'torch');
  if (other !== undefined) usage(`--peers: ${other} is not known (allowed: torch)`);
  const torch = values.peers.includes('torch');
  if (torch) requireTorch();
  const [rounds, steps] = [numberOption('rounds', values.rounds, 1), numberOption('steps', values.steps, 1)];
  const dropout = numberOption('dropout', values.dropout, 0);
  const python = path.join(neededPrograms('requirements'), 'python');
  const peak = matmulPeak(python);
  const figures = await compare(python, { ...small, dropout }, torch, rounds, steps);
  const start = await starts({ ...small, dropout });
  const largeFigures = values['small-only']
    ? undefined
    : await compare(python, { ...large, dropout }, torch, Math.max(2, rounds >> 1), 2);
  const peakShare = (f: Figures) => f.matmulFlops! / (f.stepMs / 1000) / peak;
  const ratio = (f: Record<string, Figures>) => f['orestes']!.stepMs / f['jax']!.stepMs;
  const memoryRatio = (f: Record<string, Figures>) => f['orestes']!.peakRssMiB / f['jax']!.peakRssMiB;
  process.stdout.write(
    `${JSON.stringify({
      ratio: ratio(figures),
      memoryRatio: memoryRatio(figures),
      traceMs: start.cached.traceMs,
      firstStepColdMs: untilFirstStep(start.cold),
      firstStepCachedMs: untilFirstStep(start.cached),
      jaxFirstStepColdMs: untilFirstStep(figures['jax']!),
      processToFirstStepCachedMs: start.cached.sinceStartMs,
      matmulPeakGflops: peak / 1e9,
      firstStepCachedLessStepMs: untilFirstStep(start.cached) - figures['orestes']!.stepMs,
      peakShare: peakShare(figures['orestes']!),
      small: figures,
      ...(largeFigures
        ? { largeRatio: ratio(largeFigures), largePeakShare: peakShare(largeFigures['orestes']!), large: largeFigures }
        : {}),
    })}\n`,
  );
}

void main();
