import './gradients.js';

export * from './engine.js';
export { engineConfig } from './config.js';
export { createEngine } from './create.js';
export { EagerEngine } from './eager.js';
export { sizeOf } from './host-arrays.js';
export { findPlugin, pluginFolder, type XlaDevice } from './plugins.js';
export { RandomStream } from './random.js';
export { tfjsNodeFolder } from './tfjs-backends.js';
export { stepKey, threefry, type Key } from './threefry.js';
export { remat, sumOverMicroBatches } from './trace/loops.js';
export { XlaEngine } from './xla.js';
export { canSplit } from './xla-state.js';
