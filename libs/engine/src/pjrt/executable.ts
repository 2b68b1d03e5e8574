import { type PjrtApi, type PjrtFunction, PjrtUnimplemented } from './api.js';
import { type Address, Args, addressArray, addressOf, readAddresses, readBytes } from './args.js';
import koffi from 'koffi';

export interface CompiledMemory {
  code: number;
  arguments: number;
  outputs: number;
  aliased: number;
  temporaries: number;
}

/** A program compiled and loaded onto the client's devices. */
export class LoadedExecutable {
  private readonly executable: Address;

  constructor(
    private readonly api: PjrtApi,
    private readonly handle: Address,
  ) {
    this.executable = api.call('LoadedExecutable_GetExecutable', new Args(4).set(2, handle)).get(3);
  }

  /**
   * Runs once on every device.
   * @param inputs buffers, per device and argument; donated ones are consumed
   * @returns output buffers, per device; all computation is done when the promise resolves
   */
  async execute(inputs: readonly (readonly Address[])[], outputCount: number): Promise<Address[][]> {
    const lists = inputs.map(addressArray);
    const outputs = inputs.map(() => Buffer.alloc(8 * Math.max(1, outputCount)));
    const events = Buffer.alloc(8 * inputs.length);
    const args = new Args(10)
      .set(2, this.handle)
      .set(3, new Args(14))
      .set(4, addressArray(lists.map(addressOf)))
      .set(5, inputs.length)
      .set(6, inputs[0]!.length)
      .set(7, addressArray(outputs.map(addressOf)))
      .set(8, events)
      .hold(...lists, ...outputs);
    await this.api.callAsync('LoadedExecutable_Execute', args);
    // One after the other: each wait takes a thread of Node's pool, which files and sockets need too.
    const failures: unknown[] = [];
    for (const event of readAddresses(events, inputs.length)) await this.api.wait(event).catch((e) => failures.push(e));
    if (failures.length > 0) throw failures[0];
    return outputs.map((o) => readAddresses(o, outputCount));
  }

  /** What PjrtClient.load takes; null where the plugin doesn't implement it. */
  serialize(): Buffer | null {
    const args = this.optional('Executable_Serialize', new Args(7).set(2, this.executable));
    if (!args) return null;
    const content = readBytes(args.get(3), Number(args.get(4)));
    const release = koffi.decode(args.get(6), koffi.proto('void', ['void *'])) as (p: Address) => void;
    release(args.get(5));
    return content;
  }

  /** Null where the plugin doesn't implement it. */
  memory(): CompiledMemory | null {
    const args = this.optional('Executable_GetCompiledMemoryStats', new Args(14).set(2, this.executable));
    if (!args) return null;
    const [code, argumentBytes, outputs, aliased, temporaries] = [3, 4, 5, 6, 7].map((slot) => Number(args.get(slot)));
    return { code: code!, arguments: argumentBytes!, outputs: outputs!, aliased: aliased!, temporaries: temporaries! };
  }

  destroy(): void {
    this.api.call('Executable_Destroy', new Args(3).set(2, this.executable));
    this.api.call('LoadedExecutable_Destroy', new Args(3).set(2, this.handle));
  }

  private optional(name: PjrtFunction, args: Args): Args | null {
    try {
      return this.api.call(name, args);
    } catch (e) {
      if (e instanceof PjrtUnimplemented) return null;
      throw e;
    }
  }
}
