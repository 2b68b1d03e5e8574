import * as tf from '@tensorflow/tfjs';
import { bytes, duration, short, UserError, type JobSpec, type PretrainSpec } from '@orestes/contracts';
import { createEngine, type Engine } from '@orestes/engine';
import { plan as planOf, recipeHash, resolvePretrain, type Plan } from '@orestes/trainer';
import { openPretrainCorpus } from '@orestes/worker';
import { print, printJson, table } from '../output.js';
import { readSpec } from '../spec-file.js';

interface Estimate {
  /** Measured: what this machine's engine reaches on large matrix products. */
  matmulFlopsPerSecond: number;
  /** The run's matrix products at that rate: no run is faster. */
  leastSeconds: number;
}

/** Parameters, work, memory and time of a pretraining run, which isn't run. */
export async function plan(file: string, { json, set }: { json: boolean; set: string[] }): Promise<void> {
  const spec = asPretrain(await readSpec(file, set));
  const resolved = resolvePretrain(spec);
  const corpus = await openPretrainCorpus(spec.corpus);
  const planned = planOf(resolved, corpus.vocabularySize);
  const engine = await createEngine(spec.engine);
  try {
    const rate = await matmulRate(engine, spec.engine.precision);
    const estimate = { matmulFlopsPerSecond: rate, leastSeconds: planned.flops.total / rate };
    const hash = recipeHash(resolved, corpus.digest);
    if (json) return printJson({ recipeHash: hash, spec: resolved, plan: planned, estimate });
    print(text(spec.name, hash, planned, estimate));
  } finally {
    engine.dispose();
  }
}

function asPretrain(spec: JobSpec): PretrainSpec {
  if (spec.kind === 'pretrain') return spec;
  throw new UserError('INVALID_SPEC', `spec.kind: ${spec.kind} has no plan (allowed: pretrain)`);
}

const SIZE = 1024;
const CHAIN = 8;

/** Floating-point operations a second, over all devices, of chained products with a 1024 x 1024 matrix: the best of five runs. */
async function matmulRate(engine: Engine, precision: 'f32' | 'bf16'): Promise<number> {
  const rows = SIZE * engine.deviceCount;
  const square = { shape: [SIZE, SIZE], dtype: 'float32' } as const;
  const tall = { shape: [rows, SIZE], dtype: 'float32' } as const;
  const stateSharding = (name: string) => (name === 'x' ? 'split' : 'replicated');
  const product = (x: tf.Tensor, w: tf.Tensor): tf.Tensor => tf.matMul(x, w);
  const program = await engine.compile(
    (state) => {
      let x = state['x']!;
      for (let i = 0; i < CHAIN; i++) x = product(x, state['w']!);
      return { state: {}, outputs: { sum: tf.sum(x) } };
    },
    { state: { x: tall, w: square }, batch: {} },
    { name: 'matmul rate', precision, stateSharding },
  );
  const values = (n: number) => new Float32Array(n * SIZE).fill(1 / SIZE);
  const state = engine.upload({ x: values(rows), w: values(SIZE) }, { x: tall, w: square }, stateSharding);
  let best = Infinity;
  for (let i = 0; i < 5; i++) {
    const start = performance.now();
    await program.run(state, {});
    best = Math.min(best, performance.now() - start);
  }
  state.dispose();
  program.dispose();
  return (2 * rows * SIZE ** 2 * CHAIN * 1000) / best;
}

function text(name: string, hash: string, p: Plan, e: Estimate): string {
  return [
    `${name}: ${short(p.parameters.total)} parameters, ${p.steps} steps, ${short(p.tokens)} tokens, recipe ${hash}`,
    '',
    table(
      ['optimizer group', 'tensors', 'parameters'],
      p.parameters.groups.map((g) => [g.name, g.tensors, short(g.count)]),
    ),
    '',
    `work    ${short(p.flops.perStep)}FLOP a step, ${short(p.flops.total)}FLOP in all`,
    `memory  ${bytes(p.memory.total)}: parameters ${bytes(p.memory.parameters)}, optimizer ${bytes(p.memory.optimizer)}, gradients ${bytes(p.memory.gradients)}, activations ${bytes(p.memory.activations)}`,
    `time    at least ${duration(e.leastSeconds)} at the ${short(e.matmulFlopsPerSecond)}FLOP/s that matrix products reach here`,
  ].join('\n');
}
