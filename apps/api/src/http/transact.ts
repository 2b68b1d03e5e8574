import type { DataSource, EntityManager } from 'typeorm';

/** SQLSTATE: a deadlock was resolved by ending this transaction. */
const DEADLOCK = '40P01';
const TRIES = 5;

/**
 * A transaction, done again where PostgreSQL ended it to resolve a deadlock: cancelling a family of jobs while its members end
 * may lock the same rows in another order.
 */
export async function transact<T>(database: DataSource, act: (manager: EntityManager) => Promise<T>): Promise<T> {
  for (let left = TRIES; ; left--) {
    try {
      return await database.transaction(act);
    } catch (error) {
      if (left <= 1 || (error as { code?: string }).code !== DEADLOCK) throw error;
    }
  }
}
