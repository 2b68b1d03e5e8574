import type * as tf from '@tensorflow/tfjs';

export type EngineName = 'xla' | 'tfjs-node' | 'tfjs-node-gpu' | 'wasm' | 'cpu';
export type DType = 'float32' | 'int32';

/** Shape in elements, outermost dimension first. */
export interface TensorSpec {
  readonly shape: readonly number[];
  readonly dtype: DType;
}

export type Specs = Readonly<Record<string, TensorSpec>>;
export type HostArray = Float32Array | Int32Array;
export type HostArrays = Record<string, HostArray>;
export type Tensors = Record<string, tf.Tensor>;

/**
 * A pure function of named tensors, written with tfjs ops. It is called once to be compiled (xla) or once a run (eager
 * backends). State tensors that it returns replace those of the same name; state that it does not return stays as it is.
 */
export type Step = (state: Tensors, batch: Tensors) => { state: Tensors; outputs: Tensors };

/** How an input lies on the devices: whole on each, or split along its first dimension. */
export type Sharding = 'replicated' | 'split';

export interface CompileOptions {
  /** Names the program in messages and in the disk cache. */
  name: string;
  /** bf16: matrix products take bfloat16 inputs and give float32. Default f32. */
  precision?: 'f32' | 'bf16';
  /** Placement of each state tensor; default replicated. Batch tensors of rank >= 1 whose name is not in `replicated` are split. */
  stateSharding?: (name: string, spec: TensorSpec) => Sharding;
  replicatedBatch?: readonly string[];
}

/** Named tensors that live on the engine's devices. A program that returns a name consumes the old tensor of that name. */
export interface DeviceState {
  readonly specs: Specs;
  /** Copies tensors to the host: all, or those named. */
  download(names?: readonly string[]): Promise<HostArrays>;
  dispose(): void;
}

export interface ProgramStatistics {
  traceMs: number;
  compileMs: number;
  /** True when the executable came from the disk cache. */
  cached: boolean;
  /** Operations in the traced graph, and bytes of StableHLO text. 0 on eager engines. */
  operations: number;
  programBytes: number;
  /** Floating-point operations of the matrix products of one run; 0 when not known. */
  matmulFlops: number;
  /** Device memory in bytes, by XLA's own analysis; null when not known. */
  memory: { arguments: number; outputs: number; temporaries: number; code: number } | null;
}

export interface Program {
  readonly statistics: ProgramStatistics;
  /**
   * Runs once. `state` is updated in place: the names that the step returns hold their new values afterwards.
   * @returns the step's outputs, on the host
   */
  run(state: DeviceState, batch: HostArrays): Promise<HostArrays>;
  dispose(): void;
}

export interface EngineDescription {
  engine: EngineName;
  platform: string;
  devices: string[];
  versions: Record<string, string>;
  notes: string[];
}

/** One way to run steps. Every implementation passes conformance.ts. */
export interface Engine {
  readonly name: EngineName;
  /** Devices that a batch is split over. */
  readonly deviceCount: number;
  describe(): EngineDescription;
  compile(step: Step, inputs: { state: Specs; batch: Specs }, options: CompileOptions): Promise<Program>;
  upload(arrays: HostArrays, specs: Specs, sharding?: (name: string, spec: TensorSpec) => Sharding): DeviceState;
  dispose(): void;
}
