export { type CheckpointSummary, type GroupSummary, inspectCheckpoint, type TensorSummary } from './inspect.js';
export { type BrokenCheckpoint, latestCheckpoint, listCheckpoints, type WholeCheckpoint } from './list.js';
export { type Checkpoint, readCheckpoint, type ReadOptions } from './read.js';
export { type CheckpointPlace, resolveCheckpoint } from './resolve.js';
export { decodeSafetensors, encodeSafetensors } from './safetensors.js';
export { type CheckpointContent, saveCheckpoint, type SavedCheckpoint, type SaveOptions } from './save.js';
export type { HostTensor, TensorFile } from './tensors.js';
