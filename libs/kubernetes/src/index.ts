export { KubeConfig } from '@kubernetes/client-node';
export type { Change, IndexFunction } from './cache.js';
export {
  type ApplyOptions,
  type Call,
  type ClientOptions,
  type DeleteOptions,
  KubernetesClient,
  type ListOptions,
  type ObjectList,
  type Selection,
  type WatchOptions,
} from './client.js';
export { type Backoff, backoffMs, type Clock, pause, systemClock } from './clock.js';
export { type Duties, Election, type ElectionOptions } from './election.js';
export { hasReason, isExpired, KubernetesError, isRefusal, type Reason } from './errors.js';
export { Informer, type InformerOptions, type InformerTiming } from './informer.js';
export {
  type Applied,
  isNewer,
  type Json,
  keyOf,
  type KubernetesObject,
  type MergePatch,
  type ObjectMeta,
  type Partially,
  type Ref,
  refOf,
  type Stored,
} from './objects.js';
export type { RateLimit } from './rate-limit.js';
export * from './resources.js';
export { TRAINING_JOBS } from './training-jobs.js';
export type { RequestCount, Verb } from './transport.js';
export type { WatchEvent } from './watch.js';
export { type Handler, WorkQueue, type WorkQueueOptions } from './work-queue.js';
