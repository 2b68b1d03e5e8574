import type { EntityManager } from '@orestes/database';
import { ProblemError } from '../http/problem.js';

const NAME = 'operator';

/**
 * Lets the newest leader pass, and notes a newer one. The row is held to the end of the transaction: a newer leader's first
 * write waits for what an older one has begun, and nothing of the older one comes after it. Who will write the row does not
 * share it before: a new leader's first writes, many at once, would each wait for the others' shares.
 * @throws ProblemError 409 LEADER_SUPERSEDED
 */
export async function assertLeader(manager: EntityManager, epoch: number): Promise<void> {
  const read = async (lock = '') => {
    const rows = await manager.query<{ epoch: number }[]>(`SELECT epoch FROM leader WHERE name = $1 ${lock}`, [NAME]);
    return Number(rows[0]?.epoch ?? -1);
  };
  if ((await read()) < epoch)
    await manager.query(
      `INSERT INTO leader (name, epoch) VALUES ($1, $2)
       ON CONFLICT (name) DO UPDATE SET epoch = excluded.epoch WHERE leader.epoch < excluded.epoch`,
      [NAME, epoch],
    );
  if ((await read('FOR SHARE')) > epoch)
    throw new ProblemError(409, 'LEADER_SUPERSEDED', `another operator leads: term ${epoch} is over`);
}
