import type { ResolvedPretrain } from '@orestes/contracts';
import type { Engine, HostArrays } from '@orestes/engine';
import { initialize } from '../model/initialize.js';
import { hyper } from '../optimizers/group.js';
import { pretrainStep } from '../pretrain-step.js';
import { SELECTIONS, tinyBatch, VOCABULARY } from './tiny.js';

export interface UpdateOptions {
  steps?: number;
  /** Changes the initial state. */
  start?: (arrays: HostArrays) => void;
  /** Trains on the same batch again and again. */
  oneBatch?: boolean;
}

/** The first updates of a tiny spec: outputs of each, and the state after the last. */
export async function firstUpdates(
  engine: Engine,
  spec: ResolvedPretrain,
  { steps = 1, start, oneBatch = false }: UpdateOptions = {},
): Promise<{ outputs: HostArrays[]; last: HostArrays; state: HostArrays }> {
  const program = pretrainStep(spec, { vocabularySize: VOCABULARY, selections: SELECTIONS });
  const zeros = Object.entries(program.state).map(
    ([name, s]) => [name, new Float32Array(s.shape.reduce((a, b) => a * b, 1))] as const,
  );
  const arrays: HostArrays = { ...Object.fromEntries(zeros), ...initialize(program.parameters, 3) };
  start?.(arrays);
  const state = engine.upload(arrays, program.state);
  const compiled = await engine.compile(program.step, program, { name: 'step' });
  const outputs: HostArrays[] = [];
  for (let t = 1; t <= steps; t++) {
    const lambda = spec.objective.kind === 'rtd' ? spec.objective.lossWeight : 1;
    const batch = { ...tinyBatch(spec, oneBatch ? 1 : t), ...hyper(program.groups, spec.schedule, t) };
    outputs.push(await compiled.run(state, { ...batch, loss_weight: Float32Array.of(lambda) }));
  }
  const final = await state.download();
  state.dispose();
  compiled.dispose();
  return { outputs, state: final, last: outputs.at(-1)! };
}
