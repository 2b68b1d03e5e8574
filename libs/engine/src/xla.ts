import { OrestesError, UserError } from '@orestes/contracts';
import type {
  CompileOptions,
  DeviceState,
  Engine,
  EngineDescription,
  HostArrays,
  Program,
  ProgramStatistics,
  Sharding,
  Specs,
  Step,
  TensorSpec,
} from './engine.js';
import { engineConfig } from './config.js';
import { inputArray } from './host-arrays.js';
import { checkMemory } from './memory.js';
import { PjrtApi } from './pjrt/api.js';
import type { Address } from './pjrt/args.js';
import { PjrtClient } from './pjrt/client.js';
import type { CompiledMemory, LoadedExecutable } from './pjrt/executable.js';
import { moduleText, placed, Placement } from './placement.js';
import { findPlugin, type Plugin, type XlaDevice } from './plugins.js';
import { ProgramCache } from './program-cache.js';
import { trace, type Traced } from './trace/trace.js';
import { downloadTensor, uploadTensor, XlaState } from './xla-state.js';

/** Compiles steps with XLA, through a PJRT plugin, for the devices of this host. */
export class XlaEngine implements Engine {
  readonly name = 'xla';
  private readonly cache = new ProgramCache();
  private readonly states = new Set<XlaState>();

  private constructor(
    private readonly client: PjrtClient,
    private readonly plugin: Plugin,
  ) {}

  /**
   * @param devices how many to use; the CPU plugin makes as many as asked for
   * @throws UserError ENGINE_PLUGIN_MISSING, ENGINE_PLUGIN_INVALID, ENGINE_DEVICES; OrestesError ENGINE_DEVICE_MISSING with
   * the driver's own words
   */
  static create(device: XlaDevice, devices: number): XlaEngine {
    const plugin = findPlugin(device);
    const client = createClient(PjrtApi.load(plugin.path), device, devices);
    const found = client.devices.length;
    if (found >= devices) return new XlaEngine(client.limitTo(devices), plugin);
    client.destroy();
    throw new UserError('ENGINE_DEVICES', `engine.devices: ${devices} is too many (this host has ${found})`);
  }

  get deviceCount(): number {
    return this.client.devices.length;
  }

  describe(): EngineDescription {
    const { name, version } = this.client.platform();
    return {
      engine: this.name,
      platform: name,
      devices: this.client.deviceNames(),
      versions: { plugin: this.plugin.origin, pjrt: this.client.api.version, platform: version },
      notes: [],
    };
  }

  async compile(step: Step, inputs: { state: Specs; batch: Specs }, options: CompileOptions): Promise<Program> {
    const started = performance.now();
    const placement = new Placement(inputs, options, this.deviceCount);
    const traced = trace(step, inputs, options.precision ?? 'f32');
    const text = moduleText(traced, placement, options.name);
    const traceMs = performance.now() - started;
    const { executable, memory, cached } = await this.load(text, options.name);
    this.checkMemory(options.name, executable, memory);
    return new XlaProgram(this.client, executable, inputs, traced, placement, {
      traceMs,
      compileMs: performance.now() - started - traceMs,
      cached,
      operations: traced.graph.size,
      programBytes: text.length,
      matmulFlops: traced.graph.matmulFlops,
      memory,
    });
  }

  upload(
    arrays: HostArrays,
    specs: Specs,
    sharding: (name: string, spec: TensorSpec) => Sharding = () => 'replicated',
  ): DeviceState {
    const place = (name: string) => placed(sharding(name, specs[name]!), specs[name]!, this.deviceCount);
    const state = new XlaState(this.client, specs, place, arrays);
    this.states.add(state);
    return state;
  }

  dispose(): void {
    this.client.destroy();
  }

  /** Bytes of the states on all devices. */
  private heldBytes(): number {
    for (const state of this.states) if (state.bytes === 0) this.states.delete(state);
    return [...this.states].reduce((sum, { bytes }) => sum + bytes, 0);
  }

  private async load(text: string, name: string): Promise<Loaded> {
    const key = this.cache.key([
      text,
      this.plugin.identity,
      this.client.api.version,
      this.client.compileOptions(this.deviceCount).toString('hex'),
      engineConfig().xlaFlags,
      ...this.client.deviceNames(),
    ]);
    const stored = await this.cache.read(key);
    if (stored) {
      const executable = await this.client.load(stored.program).catch(() => null); // made by another build of the plugin
      if (executable) return { executable, memory: stored.memory, cached: true };
    }
    const executable = await this.client.compile(text, this.deviceCount).catch((e: unknown) => {
      if (!(e instanceof OrestesError) || e.code !== 'ENGINE_PLUGIN') throw e;
      throw new OrestesError('ENGINE_COMPILE', `${name}: ${e.message}`, 1, { cause: e });
    });
    const memory = executable.memory();
    const program = executable.serialize();
    if (program) await this.cache.write(key, { program, memory });
    return { executable, memory, cached: false };
  }

  /** @throws OrestesError ENGINE_OUT_OF_MEMORY; the program is gone then */
  private checkMemory(name: string, executable: LoadedExecutable, memory: CompiledMemory | null): void {
    if (!memory) return;
    try {
      const deviceLimit = this.client.memoryLimit();
      checkMemory(name, memory, { deviceLimit, devices: this.deviceCount, held: this.heldBytes() });
    } catch (e) {
      executable.destroy();
      throw e;
    }
  }
}

interface Loaded {
  executable: LoadedExecutable;
  memory: CompiledMemory | null;
  /** Came from the disk cache. */
  cached: boolean;
}

function createClient(api: PjrtApi, device: XlaDevice, devices: number): PjrtClient {
  try {
    return new PjrtClient(api, device === 'cpu' ? { cpu_device_count: devices } : {});
  } catch (e) {
    const needs = device === 'cuda' ? ' (needs an NVIDIA GPU and its driver: nvidia-smi shows both)' : '';
    const words = e instanceof Error ? e.message : String(e);
    throw new OrestesError('ENGINE_DEVICE_MISSING', `engine.device: ${device} does not start: ${words}${needs}`, 1, {
      cause: e,
    });
  }
}

class XlaProgram implements Program {
  private readonly outputSpecs: ReadonlyMap<string, TensorSpec>;

  constructor(
    private readonly client: PjrtClient,
    private readonly executable: LoadedExecutable,
    private readonly inputs: { state: Specs; batch: Specs },
    private readonly traced: Traced,
    private readonly placement: Placement,
    readonly statistics: ProgramStatistics,
  ) {
    this.outputSpecs = new Map(
      [...traced.outputs].map(([name, node]) => [
        name,
        { shape: node.shape, dtype: node.type === 'f32' ? 'float32' : 'int32' },
      ]),
    );
  }

  async run(state: DeviceState, batch: HostArrays): Promise<HostArrays> {
    if (!(state instanceof XlaState)) throw new TypeError('state belongs to another engine');
    const given = Object.entries(this.inputs.batch).map(([name, spec]) => inputArray('batch', batch, name, spec));
    const held = Object.keys(this.inputs.state).map((name) => state.get(name));
    const uploaded = Object.entries(this.inputs.batch).map(([name, spec], i) =>
      uploadTensor(this.client, given[i]!, spec, this.placement.batch(name)),
    );
    const inputs = [...held, ...uploaded];
    const perDevice = this.client.devices.map((_, d) => inputs.map((buffers) => buffers[d]!));
    const results = await this.executable
      .execute(perDevice, this.traced.nextState.size + this.outputSpecs.size)
      .finally(() => uploaded.flat().forEach((b) => this.client.free(b)));
    const result = (i: number) => results.map((device) => device[i]!);
    [...this.traced.nextState.keys()].forEach((name, i) => state.replace(name, result(i)));
    return this.readOutputs((i) => result(this.traced.nextState.size + i));
  }

  dispose(): void {
    this.executable.destroy();
  }

  private async readOutputs(buffersOf: (i: number) => Address[]): Promise<HostArrays> {
    const read = [...this.outputSpecs].map(async ([name, spec], i) => {
      const buffers = buffersOf(i);
      const value = await downloadTensor(this.client, buffers, spec, 'replicated');
      buffers.forEach((b) => this.client.free(b));
      return [name, value] as const;
    });
    return Object.fromEntries(await Promise.all(read));
  }
}
