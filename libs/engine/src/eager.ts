import { OrestesError, UserError } from '@orestes/contracts';
import * as tf from '@tensorflow/tfjs';
import type {
  CompileOptions,
  DeviceState,
  Engine,
  EngineDescription,
  HostArray,
  HostArrays,
  Program,
  ProgramStatistics,
  Specs,
  Step,
  Tensors,
} from './engine.js';
import { checkNextState, inputArray } from './host-arrays.js';
import { type EagerName, startBackend } from './tfjs-backends.js';

/** Runs steps op by op on one of tfjs's own backends: slower than xla, and without its platform limits. */
export class EagerEngine implements Engine {
  readonly deviceCount = 1;

  private constructor(
    readonly name: EagerName,
    private readonly backend: string,
    private readonly notes: readonly string[],
    private readonly versions: Record<string, string>,
  ) {}

  /** @throws UserError ENGINE_NOT_INSTALLED */
  static async create(name: EagerName): Promise<EagerEngine> {
    const { backend, notes, versions } = await startBackend(name);
    return new EagerEngine(name, backend, notes, versions);
  }

  describe(): EngineDescription {
    return {
      engine: this.name,
      platform: this.backend,
      devices: [this.backend],
      versions: this.versions,
      notes: ['op by op: much slower than xla', ...this.notes],
    };
  }

  compile(step: Step, inputs: { state: Specs; batch: Specs }, options: CompileOptions): Promise<Program> {
    if (options.precision === 'bf16')
      return Promise.reject(
        new UserError('ENGINE_PRECISION', `${options.name}: ${this.name} computes in f32 (bf16 needs xla)`),
      );
    return Promise.resolve(new EagerProgram(step, inputs, this.backend));
  }

  upload(arrays: HostArrays, specs: Specs): DeviceState {
    return new EagerState({ ...specs }, toTensors(this.backend, 'state', arrays, specs));
  }

  dispose(): void {}
}

class EagerState implements DeviceState {
  constructor(
    readonly specs: Specs,
    readonly tensors: Tensors,
  ) {}

  async download(names: readonly string[] = Object.keys(this.tensors)): Promise<HostArrays> {
    return Object.fromEntries(
      await Promise.all(names.map(async (name) => [name, await hostArray(this.get(name))] as const)),
    );
  }

  get(name: string): tf.Tensor {
    const tensor = this.tensors[name];
    if (!tensor) throw new OrestesError('ENGINE_INPUT', `state.${name}: missing`);
    return tensor;
  }

  dispose(): void {
    for (const name of Object.keys(this.tensors)) {
      this.tensors[name]!.dispose();
      delete this.tensors[name];
    }
  }
}

class EagerProgram implements Program {
  readonly statistics: ProgramStatistics = {
    traceMs: 0,
    compileMs: 0,
    cached: false,
    operations: 0,
    programBytes: 0,
    matmulFlops: 0,
    memory: null,
  };

  constructor(
    private readonly step: Step,
    private readonly inputs: { state: Specs; batch: Specs },
    private readonly backend: string,
  ) {}

  async run(state: DeviceState, batch: HostArrays): Promise<HostArrays> {
    if (!(state instanceof EagerState)) throw new TypeError('state belongs to another engine');
    const result = tf.tidy(() => {
      const given = toTensors(this.backend, 'batch', batch, this.inputs.batch);
      const held = Object.fromEntries(Object.keys(this.inputs.state).map((n) => [n, state.get(n)]));
      const { state: next, outputs } = this.step(held, given);
      for (const [name, tensor] of Object.entries(next)) checkNextState(this.inputs.state, name, tensor);
      // A step may return an input itself: clone, so that disposing the old tensor leaves the new one alive.
      return { next: mapValues(next, (t) => t.clone()), outputs: mapValues(outputs, (t) => t.clone()) };
    });
    for (const [name, tensor] of Object.entries(result.next)) {
      state.tensors[name]!.dispose();
      state.tensors[name] = tensor;
    }
    const read = Object.entries(result.outputs).map(async ([name, t]) => [name, await hostArray(t)] as const);
    const outputs = Object.fromEntries(await Promise.all(read));
    tf.dispose(result.outputs);
    return outputs;
  }

  dispose(): void {}
}

/** A copy of its own. tfjs gives a bool as bytes, and what was cast to float32 as the integers that it was. */
async function hostArray(t: tf.Tensor): Promise<HostArray> {
  const values = await t.data();
  return t.dtype === 'float32' ? Float32Array.from(values) : Int32Array.from(values);
}

function toTensors(backend: string, place: string, arrays: HostArrays, specs: Specs): Tensors {
  if (tf.getBackend() !== backend) void tf.setBackend(backend); // takes effect at once: the backend is loaded
  return Object.fromEntries(
    Object.entries(specs).map(([name, spec]) => [
      name,
      tf.tensor(inputArray(place, arrays, name, spec).slice(), [...spec.shape], spec.dtype),
    ]),
  );
}

const mapValues = (tensors: Tensors, f: (t: tf.Tensor) => tf.Tensor): Tensors =>
  Object.fromEntries(Object.entries(tensors).map(([k, t]) => [k, f(t)]));
