export * from './canonical.js';
export * from './corpus.js';
export * from './documents.js';
export * from './errors.js';
export * from './model.js';
export { type DeepPartial } from './overrides.js';
export * from './parse.js';
export { specFields, type FieldRow, type KindReference } from './reference.js';
export * from './specs.js';
