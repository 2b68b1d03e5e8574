import { createInterface } from 'node:readline';
import { readFileSync } from 'node:fs';
import { PretrainSpec, type EncoderConfig, type ResolvedPretrain } from '@orestes/contracts';
import { createEngine, stepKey, type HostArrays } from '@orestes/engine';
import { initialize, pretrainStep, resolvePretrain } from '@orestes/trainer';

/** What a benchmark asks for; the Python peers take the same fields (step_protocol.py). */
export interface StepConfig {
  vocabulary: number;
  hidden: number;
  heads: number;
  ffn: number;
  layersD: number;
  layersG: number;
  batch: number;
  length: number;
  selections: number;
  dropout: number;
  precision: 'f32' | 'bf16';
}

/** Orestes as a peer of the step benchmark: one JSON command a line on stdin, one answer a line on stdout. */
async function main(): Promise<void> {
  let run: ((n: number) => Promise<number[]>) | undefined;
  for await (const line of createInterface({ input: process.stdin })) {
    const command = JSON.parse(line) as { cmd: string; n?: number } & StepConfig;
    if (command.cmd === 'exit') break;
    if (command.cmd === 'prepare') {
      const prepared = await prepare(command);
      run = prepared.run;
      answer({ ...prepared.figures, peakRssBytes: peakRssBytes() });
    } else if (command.cmd === 'steps') answer({ ms: await run!(command.n!) });
    else answer({ peakRssBytes: peakRssBytes() });
  }
}

const answer = (value: unknown) => process.stdout.write(`${JSON.stringify(value)}\n`);

async function prepare(c: StepConfig) {
  const spec = specOf(c);
  const program = pretrainStep(spec, { vocabularySize: c.vocabulary, selections: c.selections });
  const engine = await createEngine(spec.engine);
  const compiled = await engine.compile(program.step, program, {
    name: 'pretraining step',
    precision: c.precision,
    replicatedBatch: ['key'],
  });
  const arrays = initialize(program.parameters, 1);
  for (const [name, { shape }] of Object.entries(program.state))
    arrays[name] ??= new Float32Array(shape.reduce((a, b) => a * b, 1));
  const state = engine.upload(arrays, program.state);
  const batches = Array.from({ length: 4 }, (_, i) => syntheticBatch(c, i + 1));
  let step = 0;
  const one = async (): Promise<number> => {
    const begin = performance.now();
    step++;
    const scalars = { loss_weight: Float32Array.of(50), ...groupScalars(program.groups.map((g) => g.name)) };
    await compiled.run(state, { ...batches[step % batches.length], ...scalars, key: stepKey(1, step) });
    return performance.now() - begin;
  };
  const firstStepMs = await one();
  const { traceMs, compileMs, cached, matmulFlops, memory } = compiled.statistics;
  return {
    figures: {
      peer: 'orestes',
      traceMs,
      compileMs,
      cached,
      firstStepMs,
      sinceStartMs: performance.now(),
      matmulFlops,
      temporaryBytes: memory?.temporaries,
    },
    run: async (n: number) => {
      const ms: number[] = [];
      for (let i = 0; i < n; i++) ms.push(await one());
      return ms;
    },
  };
}

const groupScalars = (groups: string[]): HostArrays =>
  Object.fromEntries(
    groups.flatMap((g) => [
      [`step_size/${g}`, Float32Array.of(1e-5)],
      [`decay/${g}`, Float32Array.of(1e-7)],
    ]),
  );

function specOf(c: StepConfig): ResolvedPretrain {
  const encoder = (layers: number): EncoderConfig => ({
    layers,
    hidden: c.hidden,
    heads: c.heads,
    ffn: c.ffn,
    embedding: c.hidden,
    relativeBias: { buckets: 32, maxDistance: 128, form: 't5' },
    absolutePositions: null,
    admin: 'none',
    dropout: c.dropout,
    attentionDropout: c.dropout,
    initializerStd: 0.02,
  });
  return resolvePretrain(
    PretrainSpec.parse({
      kind: 'pretrain',
      name: 'bench',
      recipe: 'decoupled-optim',
      size: 'tiny',
      seed: 1,
      corpus: 'none',
      output: 'none',
      engine: { name: 'xla', device: 'cpu', devices: 1, precision: c.precision, remat: false },
      model: { generator: encoder(c.layersG), discriminator: encoder(c.layersD) },
      objective: { lossWeight: 50 },
      optimizers: {},
      schedule: { maxSteps: 1000, warmupSteps: 10, batchSize: c.batch, sequenceLength: c.length, accumulation: 1 },
      checkpoint: { everySteps: 1000, keep: 1 },
      log: { everySteps: 10 },
      evaluation: { everySteps: 1000, batches: 1 },
    }),
  );
}

/** Random tokens, the same number of random selections in each sequence. */
function syntheticBatch(c: StepConfig, seed: number): HostArrays {
  let state = seed;
  const random = (n: number) => ((state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 32) * n;
  const cells = c.batch * c.length;
  const tokens = Int32Array.from({ length: cells }, () => 5 + Math.floor(random(c.vocabulary - 5)));
  const masked = tokens.slice();
  const slot = new Int32Array(cells).fill(-1);
  const positions = new Int32Array(c.batch * c.selections);
  for (let b = 0; b < c.batch; b++) {
    const order = Array.from({ length: c.length }, (_, i) => [random(1), i] as const).sort((x, y) => x[0] - y[0]);
    const chosen = order
      .slice(0, c.selections)
      .map(([, i]) => i)
      .sort((x, y) => x - y);
    chosen.forEach((position, m) => {
      positions[b * c.selections + m] = position;
      slot[b * c.length + position] = b * c.selections + m;
      masked[b * c.length + position] = 4;
    });
  }
  const weights = new Float32Array(c.batch * c.selections).fill(1);
  return { tokens, masked, slot, positions, weights, length: new Int32Array(c.batch).fill(c.length) };
}

/** High-water mark of this process's resident memory (Linux). */
const peakRssBytes = (): number => Number(/VmHWM:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))![1]) * 1024;

void main();
