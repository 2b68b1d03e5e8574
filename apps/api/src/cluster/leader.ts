import type { EntityManager } from '@orestes/database';
import { ProblemError } from '../http/problem.js';

const NAME = 'operator';

/**
 * Lets the newest leader pass, and notes a newer one. The row is held to the end of the transaction: a newer leader's first
 * write waits for what an older one has begun, and nothing of the older one comes after it.
 * @throws ProblemError 409 LEADER_SUPERSEDED
 */
export async function assertLeader(manager: EntityManager, epoch: number): Promise<void> {
  const [row] = await manager.query<{ epoch: number }[]>('SELECT epoch FROM leader WHERE name = $1 FOR SHARE', [NAME]);
  if (row && Number(row.epoch) === epoch) return;
  const passed = await manager.query<unknown[]>(
    `INSERT INTO leader (name, epoch) VALUES ($1, $2)
     ON CONFLICT (name) DO UPDATE SET epoch = excluded.epoch WHERE leader.epoch <= excluded.epoch RETURNING epoch`,
    [NAME, epoch],
  );
  if (passed.length === 0)
    throw new ProblemError(409, 'LEADER_SUPERSEDED', `another operator leads: term ${epoch} is over`);
}
