import * as tf from '@tensorflow/tfjs';
import type { EncoderConfig, ResolvedPretrain } from '@orestes/contracts';
import {
  RandomStream,
  stepKey,
  sumOverMicroBatches,
  type HostArrays,
  type Specs,
  type Step,
  type Tensors,
} from '@orestes/engine';
import { differentiate } from './gradients.js';
import {
  batchSpecs,
  forwardStep,
  KEY,
  profileStep,
  rowsOf,
  runStages,
  totalsOf,
  type Compilable,
} from './forward-step.js';
import type { ParameterSpecs } from './model/parameters.js';
import { buildObjective } from './objectives/index.js';
import type { MaskedBatch, Stage, StageContext } from './objectives/objective.js';
import { hyper, hyperSpecs, momentSpecs, updateGroup, type Group } from './optimizers/group.js';
import { parameterGroups } from './optimizers/groups.js';

export interface PretrainProgram extends Compilable {
  parameters: ParameterSpecs;
  encoders: Readonly<Record<string, EncoderConfig>>;
  groups: Group[];
  /** Forward only, without dropout: the same outputs, less the gradient norms. */
  evaluation: Compilable;
  /** Admin's profile on the first micro-batch, where an encoder asks for one. */
  profile: Compilable | null;
}

/**
 * The training step of a resolved spec: losses, gradients, updates (docs/model.md, "One pretraining step").
 *
 * Outputs: `mlm_loss`, `mlm_accuracy`, `grad_norm/GROUP`, `finite` (int32, 1 when losses and norms are), and for RTD `rtd_loss`,
 * `replaced_rate` (share of the selections), `rtd_scores` and `rtd_labels` [B, S] (label -1 on padding).
 * @param shape vocabulary size, and selections a sequence (M)
 * @throws OrestesError PARAMETER_GROUPS
 */
export function pretrainStep(
  spec: ResolvedPretrain,
  shape: { vocabularySize: number; selections: number },
): PretrainProgram {
  const objective = buildObjective(spec.model, spec.objective);
  const parameters = objective.parameters(shape.vocabularySize);
  const parameterSpecs = tensorSpecs(parameters);
  const groups = parameterGroups(spec.optimizers, Object.keys(parameters));
  const { batchSize, accumulation } = spec.schedule;
  const batch = batchSpecs(batchSize, spec.schedule.sequenceLength, shape.selections);
  const micro = batchSpecs(batchSize / accumulation, spec.schedule.sequenceLength, shape.selections);
  const profiled = Object.values(objective.encoders).some((e) => e.admin === 'profiled');
  return {
    parameters,
    encoders: objective.encoders,
    groups,
    state: Object.assign({}, parameterSpecs, ...groups.map((g) => momentSpecs(g, parameterSpecs))) as Specs,
    batch: { ...batch, ...KEY, loss_weight: SCALAR, ...hyperSpecs(groups) },
    step: trainingStep(passesOf(groups, objective.stages), accumulation, spec.engine.remat),
    evaluation: { state: parameterSpecs, batch: { ...micro, ...KEY }, step: forwardStep(objective.stages) },
    profile: profiled
      ? { state: parameterSpecs, batch: { ...micro, ...KEY }, step: profileStep(objective.stages, objective.encoders) }
      : null,
  };
}

const SCALAR = { shape: [], dtype: 'float32' } as const;

/** Parameter specs as the engine sees them. */
export const tensorSpecs = (parameters: ParameterSpecs): Specs =>
  Object.fromEntries(Object.entries(parameters).map(([name, { shape }]) => [name, { shape, dtype: 'float32' }]));

/** Losses that are differentiated together, and the group their gradients train. */
interface Pass {
  group: Group;
  stages: readonly Stage[];
}

/** Decoupled: each group by its own loss. Joint: one group, the weighted sum of all losses. */
const passesOf = (groups: Group[], stages: readonly Stage[]): Pass[] =>
  groups.length === 1
    ? [{ group: groups[0]!, stages }]
    : groups.map((group) => ({ group, stages: stages.filter((s) => s.encoder === group.name) }));

/** What update t (from 1) takes beside its rows: learning rates, random key and lambda. */
export const scalarsOf = (spec: ResolvedPretrain, groups: readonly Group[], t: number): HostArrays => ({
  ...hyper(groups, spec.schedule, t),
  key: stepKey(spec.seed, t),
  loss_weight: Float32Array.of(spec.objective.kind === 'rtd' ? spec.objective.lossWeight : 1),
});

function trainingStep(passes: Pass[], accumulation: number, remat: boolean): Step {
  return (state, batch) => {
    const totals = totalsOf(batch);
    const sums = sumOverMicroBatches(accumulation, rowsOf(batch), (micro, index) => {
      const stream = new RandomStream(batch['key']!, accumulation > 1 ? index : undefined);
      const masked = localSlots(micro as unknown as MaskedBatch, accumulation, index);
      const context = { batch: masked, stream, training: true, remat, totals, passed: {} };
      return microBatch(passes, state, batch['loss_weight']!, context, accumulation, index);
    });
    return update(passes, state, sums, batch);
  };
}

/** Gradients (`gradient/NAME`) and outputs (`output/NAME`) of one micro-batch. */
function microBatch(
  passes: Pass[],
  state: Tensors,
  lossWeight: tf.Tensor,
  context: StageContext,
  accumulation: number,
  index: tf.Tensor,
): Tensors {
  const out: Tensors = {};
  let passed: Tensors = {};
  for (const { group, stages } of passes) {
    const parameters = Object.fromEntries(group.parameters.map((name) => [name, state[name]!]));
    const { gradients, aux } = differentiate(parameters, () => {
      const result = runStages(stages, state, { ...context, passed }, lossWeight);
      return {
        loss: result.loss,
        aux: { ...labelled('output', result.outputs), ...labelled('passed', result.passed) },
      };
    });
    Object.assign(out, labelled('gradient', gradients), labelled('output', unlabelled('output', aux)));
    passed = { ...passed, ...unlabelled('passed', aux) };
  }
  return spreadRows(out, accumulation, index);
}

function update(passes: Pass[], state: Tensors, sums: Tensors, scalars: Tensors): ReturnType<Step> {
  const gradients = unlabelled('gradient', sums);
  const outputs = unlabelled('output', sums);
  const next: Tensors = {};
  for (const { group } of passes) {
    const updated = updateGroup(group, state, gradients, scalars);
    Object.assign(next, updated.state);
    outputs[`grad_norm/${group.name}`] = updated.norm;
  }
  return { state: next, outputs: { ...outputs, finite: finite(Object.values(outputs).filter((t) => t.rank === 0)) } };
}

/**
 * `slot` counts selections over the whole batch; row r of micro-batch i is row r * n + i there. Selections of a row are
 * counted within the micro-batch instead.
 */
function localSlots(batch: MaskedBatch, n: number, index: tf.Tensor): MaskedBatch {
  if (n === 1) return batch;
  const [rows, selections] = batch.positions.shape as [number, number];
  const skipped = tf.add(tf.mul(tf.range(0, rows, 1, 'int32'), tf.scalar(n - 1, 'int32')), index);
  const offset = tf.mul(tf.reshape(skipped, [rows, 1]), tf.scalar(selections, 'int32'));
  const local = tf.sub(batch.slot, offset);
  return { ...batch, slot: tf.where(tf.greaterEqual(batch.slot, tf.scalar(0, 'int32')), local, batch.slot) };
}

/** Puts the rows [B/n, ...] of a micro-batch's outputs where they belong in [B, ...], zero elsewhere: the sum holds all. */
function spreadRows(tensors: Tensors, n: number, index: tf.Tensor): Tensors {
  if (n === 1) return tensors;
  const place = tf.oneHot(index, n, 1, 0, 'float32');
  const spread = (t: tf.Tensor) => {
    const [rows, ...rest] = t.shape as [number, ...number[]];
    const placed = tf.mul(tf.reshape(t, [rows, 1, ...rest]), tf.reshape(place, [1, n, ...rest.map(() => 1)]));
    return tf.reshape(placed, [rows * n, ...rest]);
  };
  return Object.fromEntries(
    Object.entries(tensors).map(([name, t]) => [name, name.startsWith('output/') && t.rank > 0 ? spread(t) : t]),
  );
}

const labelled = (label: string, tensors: Tensors): Tensors =>
  Object.fromEntries(Object.entries(tensors).map(([name, t]) => [`${label}/${name}`, t]));

const unlabelled = (label: string, tensors: Tensors): Tensors =>
  Object.fromEntries(
    Object.entries(tensors).flatMap(([name, t]) =>
      name.startsWith(`${label}/`) ? [[name.slice(label.length + 1), t] as const] : [],
    ),
  );

const LARGEST = 3.4e38;

/** 1 when every scalar is finite, else 0: a comparison with NaN is false. */
const finite = (scalars: tf.Tensor[]) =>
  tf.cast(
    scalars.map((s) => tf.lessEqual(tf.abs(s), LARGEST)).reduce((a, b) => tf.logicalAnd(a, b)),
    'int32',
  );
