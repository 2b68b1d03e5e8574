import type { EntityManager } from '@orestes/database';
import { ProblemError } from '../http/problem.js';

const NAME = 'operator';

/**
 * Lets the newest leader pass, and notes a newer one. The row is held to the end of the transaction: a newer leader's first
 * write waits for what an older one has begun, and nothing of the older one comes after it. Who will write the row does not
 * share it before: a new leader's first writes, many at once, would each wait for the others' shares.
 * @throws ProblemError 409 LEADER_SUPERSEDED, which names the newest term
 */
export async function assertLeader(manager: EntityManager, epoch: number): Promise<void> {
  const read = async () => {
    const rows = await manager.query<{ epoch: string }[]>(
      'SELECT epoch FROM leader WHERE name = $1 AND epoch >= $2 FOR SHARE',
      [NAME, epoch],
    );
    return rows[0] ? Number(rows[0].epoch) : null;
  };
  const newest = await read();
  if (newest === null)
    await manager.query(
      `INSERT INTO leader (name, epoch) VALUES ($1, $2)
       ON CONFLICT (name) DO UPDATE SET epoch = excluded.epoch WHERE leader.epoch < excluded.epoch`,
      [NAME, epoch],
    );
  const known = newest ?? (await read())!;
  if (known > epoch)
    throw new ProblemError(409, 'LEADER_SUPERSEDED', `another operator leads: term ${epoch} is over`, [
      { pointer: '/leader', message: 'a term that is over', allowed: [String(known)] },
    ]);
}
