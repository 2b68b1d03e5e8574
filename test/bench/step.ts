import { mkdtempSync, rmSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { findPlugin } from '@orestes/engine';
import { median, Peer } from '../peers/peer.js';
import type { StepConfig } from '../peers/step-orestes.js';
import { peerPython } from '../peers/python.js';

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

const orestes = (environment: NodeJS.ProcessEnv = {}): Peer =>
  new Peer('orestes', process.execPath, [path.resolve('test', 'dist', 'peers', 'step-orestes.js')], environment);

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
async function starts(): Promise<{ cold: Prepared; cached: Prepared }> {
  const programs = mkdtempSync(path.join(tmpdir(), 'orestes-programs-'));
  try {
    const measure = async (): Promise<Prepared> => {
      const peer = orestes({ ORESTES_CACHE: programs, ORESTES_PJRT_PLUGIN: findPlugin('cpu').path });
      const figures = await peer.ask<Prepared>({ cmd: 'prepare', ...small });
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

async function compare(python: string, config: StepConfig, torch: boolean, rounds: number, steps: number) {
  const jax = new Peer('jax', python, [path.join(PEERS, 'step_bench.py')]);
  const figures = await alternate([orestes(), jax], config, {}, rounds, steps);
  if (torch) {
    const script = path.join(PEERS, 'step_bench_torch.py');
    const forms = {
      'torch-eager-f32': [false, 'f32'],
      'torch-compile-f32': [true, 'f32'],
      'torch-eager-bf16': [false, 'bf16'],
      'torch-compile-bf16': [true, 'bf16'],
    } as const;
    for (const [name, [compile, precision]] of Object.entries(forms)) {
      const peer = new Peer(name, 'python3', [script]);
      Object.assign(figures, await alternate([peer], config, { [name]: { compile, precision } }, 2, steps));
    }
    const own = orestes();
    const bf16 = await alternate([own], { ...config, precision: 'bf16' }, {}, 2, steps);
    figures['orestes-bf16'] = bf16['orestes']!;
  }
  return figures;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      peers: { type: 'string', multiple: true, default: [] },
      rounds: { type: 'string', default: '8' },
      steps: { type: 'string', default: '3' },
      'small-only': { type: 'boolean', default: false },
    },
  });
  const python = peerPython();
  const torch = values.peers.includes('torch');
  const [rounds, steps] = [Number(values.rounds), Number(values.steps)];
  const peak = matmulPeak(python);
  const figures = await compare(python, small, torch, rounds, steps);
  const start = await starts();
  const largeFigures = values['small-only']
    ? undefined
    : await compare(python, large, torch, Math.max(2, rounds >> 1), 2);
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
      peakShare: peakShare(figures['orestes']!),
      small: figures,
      ...(largeFigures
        ? { largeRatio: ratio(largeFigures), largePeakShare: peakShare(largeFigures['orestes']!), large: largeFigures }
        : {}),
    })}\n`,
  );
}

void main();
