import { EngineOptions, OrestesError } from '@orestes/contracts';
import { createEngine, findPlugin, type Engine, type HostArrays, type Specs, type Tensors } from '@orestes/engine';

/** Engines that the fixtures are compared on. XLA is left out, with the reason printed, where no plugin is installed. */
export const ENGINES: readonly EngineOptions['name'][] = ['cpu', ...(xlaMissing() ? [] : (['xla'] as const))];

function xlaMissing(): boolean {
  try {
    findPlugin('cpu');
    return false;
  } catch (e) {
    if (!(e instanceof OrestesError)) throw e;
    process.stderr.write(`numerics: not compared on xla: ${e.message}\n`);
    return true;
  }
}

export const openEngine = (name: EngineOptions['name']): Promise<Engine> =>
  Promise.resolve(createEngine(EngineOptions.parse({ name })));

/** Runs a function of tensors once. */
export async function runOnce(
  engine: Engine,
  specs: Specs,
  arrays: HostArrays,
  f: (inputs: Tensors) => Tensors,
): Promise<HostArrays> {
  const program = await engine.compile(
    (_, inputs) => ({ state: {}, outputs: f(inputs) }),
    { state: {}, batch: specs },
    { name: 'numerics', replicatedBatch: Object.keys(specs) },
  );
  const state = engine.upload({}, {});
  try {
    return await program.run(state, arrays);
  } finally {
    state.dispose();
    program.dispose();
  }
}
