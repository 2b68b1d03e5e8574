export { ApiKey } from './api-key.js';
export { Attempt } from './attempt.js';
export { Dependency } from './dependency.js';
export { Event, LogLine, Metric } from './history.js';
export { IdempotencyKey } from './idempotency-key.js';
export { Job } from './job.js';
export { Outbox } from './outbox.js';
export { Checkpoint, Corpus, Model, Result } from './products.js';
export { Project } from './project.js';
