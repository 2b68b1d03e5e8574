import type { EncoderConfig, ResolvedPretrain } from '@orestes/contracts';
import { canSplit, sizeOf, type TensorSpec } from '@orestes/engine';
import type { ParameterSpecs } from './model/parameters.js';
import { buildObjective } from './objectives/index.js';
import { parameterGroups } from './optimizers/groups.js';
import { tensorSpecs } from './pretrain-step.js';

/** What a pretraining run will take. */
export interface Plan {
  parameters: { total: number; groups: { name: string; tensors: number; count: number }[] };
  encoders: Record<string, { layers: number; hidden: number; parameters: number }>;
  steps: number;
  /** Tokens in all steps, padding included. */
  tokens: number;
  /** Floating-point operations of the matrix products, forward and backward. */
  flops: { perStep: number; total: number };
  /** Bytes, float32, on one device before the compiler's savings: an upper estimate. */
  memory: { parameters: number; optimizer: number; gradients: number; activations: number; total: number };
}

/**
 * Parameters, work and memory of a run, by formula.
 *
 * A token costs an encoder 2 * (L * (4 D^2 + 2 D F + 2 S D) + E D where E != D) operations forward, a selection 2 * (D E + E V) in the
 * MLM head, a token 2 * (D^2 + D) in the RTD head; backward costs twice the forward pass, once more forward with remat.
 * Activations a micro-batch keeps: 12 D + 2 F floats a token and layer, 3 H S of attention, and 3 V a selection.
 */
export function plan(spec: ResolvedPretrain, vocabularySize: number): Plan {
  const objective = buildObjective(spec.model, spec.objective);
  const parameters = objective.parameters(vocabularySize);
  const groups = parameterGroups(spec.optimizers, Object.keys(parameters)).map(({ name, parameters: names }) => ({
    name,
    tensors: names.length,
    count: countOf(parameters, (p) => names.includes(p)),
  }));
  const total = countOf(parameters, () => true);
  const { maxSteps, batchSize, sequenceLength, accumulation } = spec.schedule;
  const stages = Object.entries(objective.encoders).map(([name, config]) =>
    stageCost(spec, name, config, vocabularySize),
  );
  const passes = spec.engine.remat ? 4 : 3;
  const perStep = batchSize * passes * sum(stages.map((s) => s.flops));
  const rows = batchSize / accumulation / spec.engine.devices;
  // Moments lie split where the devices divide their rows (ZeRO-1), as the engine does it.
  const { devices } = spec.engine;
  const held = (spec: TensorSpec) => sizeOf(spec.shape) / (canSplit(spec, devices) ? devices : 1);
  const optimizer = 8 * sum(Object.values(tensorSpecs(parameters)).map(held));
  const bytes = { parameters: 4 * total, optimizer, gradients: 4 * total };
  const activations = 4 * rows * sum(stages.map((s) => s.activations));
  return {
    parameters: { total, groups },
    encoders: Object.fromEntries(
      Object.entries(objective.encoders).map(([name, { layers, hidden }]) => [
        name,
        { layers, hidden, parameters: countOf(parameters, (p) => p.startsWith(`${name}/`)) },
      ]),
    ),
    steps: maxSteps,
    tokens: maxSteps * batchSize * sequenceLength,
    flops: { perStep, total: perStep * maxSteps },
    memory: { ...bytes, activations, total: bytes.parameters + bytes.optimizer + bytes.gradients + activations },
  };
}

/** Forward operations and kept floats of one sequence through one encoder and its head. */
function stageCost(spec: ResolvedPretrain, name: string, config: EncoderConfig, vocabularySize: number) {
  const { layers: l, hidden: d, ffn: f, embedding: e, heads } = config;
  const s = spec.schedule.sequenceLength;
  const selections = Math.ceil(spec.objective.masking.probability * s);
  const body = s * (l * (4 * d * d + 2 * d * f + 2 * s * d) + (e === d ? 0 : e * d));
  const hasMlm = name !== 'discriminator';
  const head = hasMlm ? selections * (d * e + e * vocabularySize) : s * (d * d + d);
  const layer = s * (12 * d + 2 * f + 3 * heads * s);
  const kept = spec.engine.remat ? l * s * d + layer : l * layer;
  return { flops: 2 * (body + head), activations: kept + (hasMlm ? 3 * selections * vocabularySize : 0) };
}

const countOf = (parameters: ParameterSpecs, chosen: (name: string) => boolean) =>
  sum(
    Object.entries(parameters)
      .filter(([name]) => chosen(name))
      .map(([, { shape }]) => sizeOf(shape)),
  );

const sum = (values: number[]) => values.reduce((a, b) => a + b, 0);
