import type { CompileOptions, Engine, HostArray, HostArrays, Specs, Tensors, TensorSpec } from '../engine.js';

export const float = (...shape: number[]): TensorSpec => ({ shape, dtype: 'float32' });
export const int = (...shape: number[]): TensorSpec => ({ shape, dtype: 'int32' });

/** The bit patterns of floats: -0 is not 0, and NaN equals itself. */
export const bits = (values: HostArray): number[] => [
  ...new Int32Array(values.buffer, values.byteOffset, values.length),
];

/** Compiles and runs a step without state, once. */
export async function runOnce(
  engine: Engine,
  step: (batch: Tensors) => Tensors,
  batch: Specs,
  arrays: HostArrays,
  options: CompileOptions = { name: 'once' },
): Promise<HostArrays> {
  const program = await engine.compile(
    (_, inputs) => ({ state: {}, outputs: step(inputs) }),
    { state: {}, batch },
    options,
  );
  const state = engine.upload({}, {});
  try {
    return await program.run(state, arrays);
  } finally {
    state.dispose();
    program.dispose();
  }
}
