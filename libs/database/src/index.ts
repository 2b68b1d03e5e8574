export { createDataSource, migrate, type DatabaseOptions } from './data-source.js';
export { EmbeddedPostgres, removeData, type EmbeddedOptions } from './embedded/postgres.js';
export { identityOf } from './embedded/owner.js';
export * from './entities/index.js';
export { newId } from './ids.js';
export type { DataSource, EntityManager } from 'typeorm';
