import { type PjrtApi, PjrtUnimplemented } from './api.js';
import { type Address, Args, int64Array, readText, readWord } from './args.js';
import { compileOptions } from './compile-options.js';
import { LoadedExecutable } from './executable.js';

/** PJRT_Buffer_Type. */
const BUFFER_TYPES = { int32: 4, float32: 11 } as const;
const IMMUTABLE_ONLY_DURING_CALL = 0;

/** XLA's options by platform. On CPU its maximum and minimum would otherwise drop NaN, and so hide divergence. */
const FLAGS: Readonly<Record<string, Readonly<Record<string, boolean>>>> = {
  cpu: { xla_cpu_enable_fast_min_max: false },
};

/** The devices of this process, as a PJRT plugin offers them. */
export class PjrtClient {
  devices: readonly Address[];
  private readonly client: Address;
  private readonly flags: Readonly<Record<string, boolean>>;

  /** @param options the plugin's own create options, all int64 (for the CPU plugin: `cpu_device_count`) */
  constructor(
    readonly api: PjrtApi,
    options: Readonly<Record<string, number>> = {},
  ) {
    const named = namedValues(options);
    const args = new Args(11).set(2, named).set(3, Object.keys(options).length);
    this.client = api.call('Client_Create', args).get(8);
    const listed = api.call('Client_AddressableDevices', new Args(5).set(2, this.client));
    this.flags = FLAGS[this.platform().name] ?? {};
    this.devices = Array.from({ length: Number(listed.get(4)) }, (_, i) => readWord(listed.get(3), 8 * i));
  }

  /** Uses the first `count` devices alone. */
  limitTo(count: number): this {
    this.devices = this.devices.slice(0, count);
    return this;
  }

  platform(): { name: string; version: string } {
    const name = this.api.call('Client_PlatformName', new Args(5).set(2, this.client));
    const version = this.api.call('Client_PlatformVersion', new Args(5).set(2, this.client));
    return {
      name: readText(name.get(3), Number(name.get(4))),
      version: readText(version.get(3), Number(version.get(4))),
    };
  }

  deviceNames(): string[] {
    return this.devices.map((device) => {
      const description = this.api.call('Device_GetDescription', new Args(4).set(2, device)).get(3);
      const text = this.api.call('DeviceDescription_ToString', new Args(5).set(2, description));
      return readText(text.get(3), Number(text.get(4)));
    });
  }

  /** Bytes a device may hold, by the plugin's own account; null where it keeps none (the CPU plugin). */
  memoryLimit(): number | null {
    const args = new Args(26).set(2, this.devices[0]!);
    try {
      this.api.call('Device_MemoryStats', args);
    } catch (e) {
      if (e instanceof PjrtUnimplemented) return null;
      throw e;
    }
    return args.get(11) === 0n ? null : Number(args.get(10));
  }

  /** How programs are compiled, as the plugin takes it. */
  compileOptions(partitions: number): Buffer {
    return compileOptions(partitions, this.flags);
  }

  /** @param program StableHLO text */
  async compile(program: string, partitions: number): Promise<LoadedExecutable> {
    const code = Buffer.from(program);
    const format = Buffer.from('mlir');
    const options = this.compileOptions(partitions);
    const source = new Args(6).set(2, code).set(3, code.length).set(4, format).set(5, format.length);
    const args = new Args(7).set(2, this.client).set(3, source).set(4, options).set(5, options.length);
    return new LoadedExecutable(this.api, (await this.api.callAsync('Client_Compile', args)).get(6));
  }

  /** Loads what LoadedExecutable.serialize gave. */
  async load(serialized: Buffer): Promise<LoadedExecutable> {
    const args = new Args(8).set(2, this.client).set(3, serialized).set(4, serialized.length);
    return new LoadedExecutable(this.api, (await this.api.callAsync('Executable_DeserializeAndLoad', args)).get(5));
  }

  /** Copies host memory to a device. The values may change as soon as this returns. */
  upload(values: Float32Array | Int32Array, shape: readonly number[], device: Address): Address {
    const data = Buffer.from(values.buffer, values.byteOffset, values.byteLength);
    const args = new Args(15)
      .set(2, this.client)
      .set(3, data.length > 0 ? data : Buffer.alloc(8))
      .set(4, values instanceof Float32Array ? BUFFER_TYPES.float32 : BUFFER_TYPES.int32)
      .set(5, int64Array(shape))
      .set(6, shape.length)
      .set(9, IMMUTABLE_ONLY_DURING_CALL)
      .set(10, device);
    this.api.call('Client_BufferFromHostBuffer', args);
    this.api.call('Event_Destroy', new Args(3).set(2, args.get(13)));
    return args.get(14);
  }

  /** Copies a device buffer into `out`, whose length must be the buffer's. */
  async download<T extends Float32Array | Int32Array>(buffer: Address, out: T): Promise<T> {
    if (out.length === 0) return out;
    const data = Buffer.from(out.buffer, out.byteOffset, out.byteLength);
    const args = new Args(7).set(2, buffer).set(4, data).set(5, data.length);
    await this.api.wait(this.api.call('Buffer_ToHostBuffer', args).get(6));
    return out;
  }

  free(buffer: Address): void {
    this.api.call('Buffer_Destroy', new Args(3).set(2, buffer));
  }

  destroy(): void {
    this.api.call('Client_Destroy', new Args(3).set(2, this.client));
  }
}

/** PJRT_NamedValue: 56 bytes each. */
function namedValues(options: Readonly<Record<string, number>>): Args {
  const entries = Object.entries(options);
  const INT64 = 1;
  const args = new Args(Math.max(1, 7 * entries.length));
  entries.forEach(([name, value], i) => {
    const text = Buffer.from(name);
    args
      .set(7 * i, 56)
      .set(7 * i + 2, text)
      .set(7 * i + 3, text.length);
    args
      .set(7 * i + 4, INT64)
      .set(7 * i + 5, value)
      .set(7 * i + 6, 1);
  });
  return args;
}
