import { UserError } from '@orestes/contracts';
import type { CompileOptions, Sharding, Specs, TensorSpec } from './engine.js';
import type { Node } from './hlo/graph.js';
import { printModule } from './hlo/print.js';
import type { Traced } from './trace/trace.js';
import { canSplit } from './xla-state.js';

/** Split where that is wanted and the devices divide the first dimension. */
export const placed = (wanted: Sharding, spec: TensorSpec, devices: number): Sharding =>
  wanted === 'split' && devices > 1 && canSplit(spec, devices) ? 'split' : 'replicated';

/** Where each input lies. State that cannot be split evenly is whole on each device; a batch must split. */
export class Placement {
  constructor(
    private readonly inputs: { state: Specs; batch: Specs },
    private readonly options: CompileOptions,
    readonly devices: number,
  ) {}

  state(name: string): Sharding {
    const spec = this.inputs.state[name]!;
    return placed(this.options.stateSharding?.(name, spec) ?? 'replicated', spec, this.devices);
  }

  batch(name: string): Sharding {
    const spec = this.inputs.batch[name]!;
    if (this.devices === 1 || spec.shape.length === 0 || this.options.replicatedBatch?.includes(name))
      return 'replicated';
    if (canSplit(spec, this.devices)) return 'split';
    throw new UserError(
      'ENGINE_DEVICES',
      `${this.options.name}: ${name} has ${spec.shape[0]} rows, which ${this.devices} devices do not divide (choose a batch size that is a multiple of ${this.devices})`,
    );
  }

  /** The text of a placement; none on one device. */
  attribute(sharding: Sharding, rank: number): string | undefined {
    if (this.devices === 1) return undefined;
    if (sharding === 'replicated') return '{replicated}';
    return `{devices=[${[this.devices, ...Array<number>(rank - 1).fill(1)].join(',')}]<=[${this.devices}]}`;
  }
}

/** A traced step as the text that XLA compiles: state it returns is donated, inputs and results lie as placed. */
export function moduleText(traced: Traced, placement: Placement, name: string): string {
  const rank = (node: Node) => node.shape.length;
  const results = [...traced.nextState.keys()];
  const args = [
    ...[...traced.state].map(([key, node]) => ({
      node,
      sharding: placement.attribute(placement.state(key), rank(node)),
      ...(traced.nextState.has(key) ? { donatedTo: results.indexOf(key) } : {}),
    })),
    ...[...traced.batch].map(([key, node]) => ({
      node,
      sharding: placement.attribute(placement.batch(key), rank(node)),
    })),
  ];
  const returned = [
    ...[...traced.nextState].map(([key, node]) => ({
      node,
      sharding: placement.attribute(placement.state(key), rank(node)),
    })),
    ...[...traced.outputs.values()].map((node) => ({ node, sharding: placement.attribute('replicated', rank(node)) })),
  ];
  return printModule(traced.graph, name.replaceAll(/[^A-Za-z0-9_]/g, '_'), args, returned, placement.devices);
}
