import { OrestesError } from '@orestes/contracts';
import type { DeviceState, HostArray, HostArrays, Sharding, Specs, TensorSpec } from './engine.js';
import { emptyArray, inputArray, sizeOf } from './host-arrays.js';
import type { Address } from './pjrt/args.js';
import type { PjrtClient } from './pjrt/client.js';

/** A tensor that is to be split needs a first dimension that the devices divide. */
export const canSplit = (spec: TensorSpec, devices: number): boolean =>
  spec.shape.length > 0 && spec.shape[0]! > 0 && spec.shape[0]! % devices === 0;

/** Copies one tensor to every device: whole, or the device's share of its rows. */
export function uploadTensor(client: PjrtClient, values: HostArray, spec: TensorSpec, sharding: Sharding): Address[] {
  const devices = client.devices;
  if (sharding === 'replicated') return devices.map((device) => client.upload(values, spec.shape, device));
  const share = values.length / devices.length;
  const shape = [spec.shape[0]! / devices.length, ...spec.shape.slice(1)];
  return devices.map((device, i) => client.upload(values.subarray(i * share, (i + 1) * share), shape, device));
}

export async function downloadTensor(
  client: PjrtClient,
  buffers: readonly Address[],
  spec: TensorSpec,
  sharding: Sharding,
): Promise<HostArray> {
  const out = emptyArray(spec);
  if (sharding === 'replicated') return client.download(buffers[0]!, out);
  const share = out.length / buffers.length;
  await Promise.all(buffers.map((b, i) => client.download(b, out.subarray(i * share, (i + 1) * share))));
  return out;
}

/** State that lives in PJRT buffers, one a device. */
export class XlaState implements DeviceState {
  private readonly buffers: Map<string, readonly Address[]>;

  constructor(
    readonly client: PjrtClient,
    readonly specs: Specs,
    readonly sharding: (name: string) => Sharding,
    arrays: HostArrays,
  ) {
    this.buffers = new Map(
      Object.entries(specs).map(([name, spec]) => [
        name,
        uploadTensor(client, inputArray('state', arrays, name, spec), spec, sharding(name)),
      ]),
    );
  }

  /** Bytes on all devices. */
  get bytes(): number {
    const each = (name: string) => {
      const copies = this.sharding(name) === 'split' ? 1 : this.client.devices.length;
      return 4 * sizeOf(this.specs[name]!.shape) * copies;
    };
    return [...this.buffers.keys()].reduce((sum, name) => sum + each(name), 0);
  }

  /** The buffers of one tensor, one a device. */
  get(name: string): readonly Address[] {
    const buffers = this.buffers.get(name);
    if (!buffers) throw new OrestesError('ENGINE_INPUT', `state.${name}: missing`);
    return buffers;
  }

  /** Puts new buffers in place of a tensor's old ones, which were donated. */
  replace(name: string, buffers: readonly Address[]): void {
    this.get(name).forEach((b) => this.client.free(b));
    this.buffers.set(name, buffers);
  }

  /** One tensor after the other: the number of native calls that may wait at once is limited. */
  async download(names: readonly string[] = Object.keys(this.specs)): Promise<HostArrays> {
    const arrays: HostArrays = {};
    for (const name of names)
      arrays[name] = await downloadTensor(this.client, this.get(name), this.specs[name]!, this.sharding(name));
    return arrays;
  }

  dispose(): void {
    for (const buffers of this.buffers.values()) buffers.forEach((b) => this.client.free(b));
    this.buffers.clear();
  }
}
