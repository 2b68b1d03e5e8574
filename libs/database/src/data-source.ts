import 'reflect-metadata';
import { DataSource } from 'typeorm';
import * as entities from './entities/index.js';
import { Jobs1764000000000 } from './migrations/1764000000000-jobs.js';
import { Cluster1764200000000 } from './migrations/1764200000000-cluster.js';
import { Told1764300000000 } from './migrations/1764300000000-told.js';

export interface DatabaseOptions {
  /** postgres://user:password@host:port/database */
  url: string;
  /** Connections at most. */
  connections?: number;
}

/** A data source over the service's tables; call `initialize`, then `migrate`. */
export function createDataSource({ url, connections = 20 }: DatabaseOptions): DataSource {
  return new DataSource({
    type: 'postgres',
    url,
    applicationName: 'orestes',
    entities: Object.values(entities),
    migrations: [Jobs1764000000000, Cluster1764200000000, Told1764300000000],
    migrationsTransactionMode: 'each',
    synchronize: false,
    parseInt8: true,
    poolSize: connections,
    connectTimeoutMS: 5000,
    // A database that is away is told by whoever needs it; the pool's own words would come on top.
    logging: false,
    poolErrorHandler: () => undefined,
  });
}

/** Of services that start at once one migrates, and the others wait for it. */
const MIGRATION_LOCK = 7_350_002;

/** Brings the tables up to date. */
export async function migrate(database: DataSource): Promise<void> {
  const holder = database.createQueryRunner();
  try {
    await holder.query('SELECT pg_advisory_lock($1)', [MIGRATION_LOCK]);
    await database.runMigrations();
  } finally {
    await holder.query('SELECT pg_advisory_unlock($1)', [MIGRATION_LOCK]).finally(() => holder.release());
  }
}
