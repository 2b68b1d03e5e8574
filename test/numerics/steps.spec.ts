import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { stepKey, type Engine, type HostArrays } from '@orestes/engine';
import { hyper, pretrainStep, type PretrainProgram } from '@orestes/trainer';
import { ENGINES, openEngine } from './engines.js';
import {
  cases,
  encoderConfig,
  expectClose,
  parameterValues,
  readTensors,
  under,
  zeros,
  type StepCase,
} from './fixture.js';
import { pretrainSpec } from './spec.js';

/** Of float32 against float64. */
const TOLERANCE = 1e-5;
/** Adam divides by the root of small sums of squares: what cancels in them is amplified. Relative to updates of 3e-3 each. */
const AFTER_UPDATES = 1e-4;
/** XLA compiles a step for seconds, and longer where other tests take its cores. */
const TIMEOUT_MS = 300_000;
const ROWS = 3;
const SELECTIONS = 2;
const expected = readTensors('steps.safetensors');
const fromTransformers = readTensors('transformers.safetensors');

function programOf({ embeddings, optimizers, lossWeight, seed, generator, discriminator, optimizer }: StepCase) {
  const all = { ...cases.optimizer, ...optimizer };
  const spec = pretrainSpec({
    recipe: 'decoupled-optim',
    seed,
    model: { generator: encoderConfig(generator), discriminator: encoderConfig(discriminator) },
    objective: { kind: 'rtd', embeddings, lossWeight },
    optimizers:
      optimizers === 'joint'
        ? { kind: 'joint', joint: all }
        : { kind: 'decoupled', generator: all, discriminator: all },
    batchSize: ROWS,
  });
  return pretrainStep(spec, { vocabularySize: cases.vocabulary, selections: SELECTIONS });
}

/** Outputs of every update, and the state after the last. */
interface Trained {
  outputs: HostArrays[];
  state: HostArrays;
}

async function train(engine: Engine, name: string, program: PretrainProgram): Promise<Trained> {
  const { seed, updates, lossWeight } = cases.steps[name]!;
  const compiled = await engine.compile(program.step, program, { name, replicatedBatch: ['key'] });
  const state = engine.upload({ ...zeros(program.state), ...parameterValues(program.parameters) }, program.state);
  const outputs: HostArrays[] = [];
  for (let t = 1; t <= updates; t++) {
    const batch = { ...under(expected, `${name}/batch/${t}/`), key: stepKey(seed, t) };
    const scalars = { loss_weight: Float32Array.of(lossWeight), ...hyper(program.groups, cases.schedule, t) };
    outputs.push(await compiled.run(state, { ...batch, ...scalars }));
  }
  return { outputs, state: await state.download() };
}

/** Labels that the fixture's corrupted tokens stand for: 1 replaced, 0 not, -1 padding. */
function labels(name: string, t: number): number[] {
  const data = (key: string) => expected[`${name}/${key}`]!.data;
  const [tokens, corrupted, length] = [data(`batch/${t}/tokens`), data(`corrupted/${t}`), data(`batch/${t}/length`)];
  return Array.from(tokens, (token, i) => {
    const padding = i % cases.length >= length[Math.floor(i / cases.length)]!;
    return padding ? -1 : Number(token !== corrupted[i]);
  });
}

/** Compares what every case has: labels, losses and norms of each update, the parameters after the last. */
function compareWithJax(name: string, program: PretrainProgram, { outputs, state }: Trained): void {
  outputs.forEach((output, i) => {
    const t = i + 1;
    const of = (key: string) => expected[`${name}/${key}/${t}`]!.data;
    expect([...output['rtd_labels']!]).toEqual(labels(name, t));
    const wanted: HostArrays = { mlm_loss: of('loss/generator'), rtd_loss: of('loss/discriminator') };
    for (const { name } of program.groups) wanted[`grad_norm/${name}`] = of(`norm/${name}`);
    const got = Object.fromEntries(Object.keys(wanted).map((key) => [key, output[key]!]));
    expectClose(got, wanted, t === 1 ? TOLERANCE : AFTER_UPDATES);
  });
  if (outputs.length > 1)
    expectClose(pick(state, Object.keys(program.parameters)), under(expected, `${name}/final/`), AFTER_UPDATES);
  else compareMoments(name, state);
}

/** After one update: the norm of each first moment, in order of their names. */
function compareMoments(name: string, state: HostArrays): void {
  const names = Object.keys(state).filter((key) => key.includes('/m/'));
  const sizes = Float32Array.from(names.sort().map((key) => Math.hypot(...state[key]!)));
  expectClose({ sizes }, { sizes: expected[`${name}/first-moments`]!.data }, TOLERANCE);
}

/** Hugging Face's ElectraForMaskedLM and ElectraForPreTraining on the same weights and corrupted tokens. */
function compareWithTransformers({ outputs, state }: Trained): void {
  const { mlm_loss, rtd_loss, rtd_scores } = fromTransformers;
  const real = (scores: ArrayLike<number>) =>
    Float32Array.from(labels('electra', 1).flatMap((label, i) => (label < 0 ? [] : [scores[i]!])));
  const [output] = outputs as [HostArrays];
  expectClose(
    { ...pick(output, ['mlm_loss', 'rtd_loss']), scores: real(output['rtd_scores']!) },
    { mlm_loss: mlm_loss!.data, rtd_loss: rtd_loss!.data, scores: real(rtd_scores!.data) },
    TOLERANCE,
  );
  // A first moment after one update is (1 - beta1) times the gradient.
  const gradients = Object.entries(state).flatMap(([name, m]) => {
    const parameter = /^optimizer\/[a-z]+\/m\/(.*)$/.exec(name)?.[1];
    return parameter ? [[parameter, m.map((x) => x / (1 - cases.optimizer.beta1)) as Float32Array] as const] : [];
  });
  expectClose(Object.fromEntries(gradients), under(fromTransformers, 'gradient/'), TOLERANCE);
}

const pick = (arrays: HostArrays, names: readonly string[]): HostArrays =>
  Object.fromEntries(names.map((name) => [name, arrays[name]!]));

describe.each(ENGINES)('on %s', (engineName) => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await openEngine(engineName);
  });
  afterAll(() => engine.dispose());

  it.each(Object.keys(cases.steps))(
    'the step %s equals its independent sources',
    async (name) => {
      const program = programOf(cases.steps[name]!);
      const trained = await train(engine, name, program);
      compareWithJax(name, program, trained);
      if (name === 'electra') compareWithTransformers(trained);
    },
    TIMEOUT_MS,
  );
});
