import type { ResolvedPretrain } from '@orestes/contracts';
import { stepKey, type DeviceState, type HostArrays, type Specs } from '@orestes/engine';
import { rowsOf } from './held-out.js';
import { initialize } from './model/initialize.js';
import { stateSharding } from './optimizers/group.js';
import type { PretrainProgram } from './pretrain-step.js';
import type { TrainContext } from './train-context.js';
import { trainingStream } from './training-stream.js';

/** Initial parameters, profiled where Admin asks for it, and zero moments, on the engine's devices. */
export async function initialState(
  spec: ResolvedPretrain,
  program: PretrainProgram,
  ctx: Pick<TrainContext, 'engine' | 'corpus'>,
): Promise<DeviceState> {
  const arrays = { ...zeros(program.state), ...initialize(program.parameters, spec.seed) };
  const state = ctx.engine.upload(arrays, program.state, stateSharding);
  await profileAdmin(spec, program, ctx, state);
  return state;
}

/** Omegas from the rows of the first batch that fill a micro-batch, with the random key of step 0. */
async function profileAdmin(
  spec: ResolvedPretrain,
  { profile }: PretrainProgram,
  ctx: Pick<TrainContext, 'engine' | 'corpus'>,
  state: DeviceState,
): Promise<void> {
  if (!profile) return;
  const compiled = await ctx.engine.compile(profile.step, profile, {
    name: 'admin profile',
    precision: spec.engine.precision,
    stateSharding,
    replicatedBatch: ['key'],
  });
  for await (const batch of trainingStream(spec, ctx.corpus, 0)) {
    const rows = Object.entries(rowsOf(batch)).map(([name, values]) => [
      name,
      values.subarray(0, values.length / spec.schedule.accumulation),
    ]);
    await compiled.run(state, { ...(Object.fromEntries(rows) as HostArrays), key: stepKey(spec.seed, 0) });
    break;
  }
  compiled.dispose();
}

const zeros = (specs: Specs): HostArrays =>
  Object.fromEntries(
    Object.entries(specs).map(([name, { shape }]) => [name, new Float32Array(shape.reduce((a, b) => a * b, 1))]),
  );
