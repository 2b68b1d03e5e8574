import type { EngineOptions } from '@orestes/contracts';
import { UserError } from '@orestes/contracts';
import type { Engine } from './engine.js';
import { EagerEngine } from './eager.js';
import { XlaEngine } from './xla.js';

type Factory = (options: EngineOptions) => Engine | Promise<Engine>;

const engines = {
  xla: ({ device, devices }) => XlaEngine.create(device, devices),
  'tfjs-node': () => EagerEngine.create('tfjs-node'),
  'tfjs-node-gpu': () => EagerEngine.create('tfjs-node-gpu'),
  wasm: () => EagerEngine.create('wasm'),
  cpu: () => EagerEngine.create('cpu'),
} satisfies Record<EngineOptions['name'], Factory>;

/**
 * The engine that a spec asks for.
 * @throws UserError ENGINE_DEVICES, ENGINE_PRECISION when the engine cannot do what is asked
 */
export async function createEngine(options: EngineOptions): Promise<Engine> {
  if (options.name !== 'xla' && options.devices > 1)
    throw new UserError('ENGINE_DEVICES', `engine.devices: ${options.name} runs on 1 device (xla runs on several)`);
  if (options.name !== 'xla' && options.precision !== 'f32')
    throw new UserError('ENGINE_PRECISION', `engine.precision: ${options.name} computes in f32 (bf16 needs xla)`);
  return engines[options.name](options);
}
