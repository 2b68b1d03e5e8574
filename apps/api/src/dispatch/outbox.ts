import { Attempt, Outbox } from '@orestes/database';
import { In, Not, type DataSource, type EntityManager } from 'typeorm';
import { newToken } from '../auth/token.js';
import { lockJob } from '../jobs/state.js';
import { HEARD } from './heard.js';
import type { Launcher } from './launcher.js';
import { transact } from '../http/transact.js';

/**
 * Does what was decided, in order; an order goes when it is done. Who is killed between the two does it again. A launch that
 * fails is a lost worker; another order that fails is tried again in the next round, after the others.
 * @param onError told of an order that failed
 * @returns the jobs whose attempts changed: none, the workers tell by themselves
 */
export async function emptyOutbox(
  database: DataSource,
  launcher: Launcher,
  onError: (error: unknown) => void,
): Promise<string[]> {
  const failed: number[] = [];
  for (;;) {
    const done = await transact(database, async (manager) => {
      const [order] = await manager.find(Outbox, {
        where: { id: Not(In(failed)) },
        order: { id: 'ASC' },
        take: 1,
        lock: { mode: 'pessimistic_write', onLocked: 'skip_locked' },
      });
      if (!order) return false;
      const succeeded = await act(database, launcher, order).then(
        () => true,
        (error: unknown) => {
          onError(error);
          return order.action === 'launch'; // its attempt has no heartbeat from now on
        },
      );
      if (succeeded) await manager.delete(Outbox, order.id);
      else failed.push(order.id);
      return true;
    });
    if (!done) return [];
  }
}

async function act(database: DataSource, launcher: Launcher, { action, attemptId }: Outbox): Promise<void> {
  if (action === 'stop') return launcher.stop(attemptId);
  if (action === 'kill') return launcher.kill(attemptId);
  const token = await transact(database, (manager) => arm(manager, attemptId));
  if (token !== null) await launcher.launch({ attempt: attemptId, token });
}

/**
 * A token for an attempt that no worker has taken yet; null where one has, or where the attempt has ended. A worker that was
 * launched before, by a service that died then, has an older token: it is refused.
 */
async function arm(manager: EntityManager, id: string): Promise<string | null> {
  const { jobId } = await manager.findOneByOrFail(Attempt, { id });
  await lockJob(manager, jobId);
  const attempt = await manager.findOneByOrFail(Attempt, { id });
  if (attempt.process !== null || attempt.state !== 'admitted') return null;
  const { token, hash } = newToken('ora');
  await manager.update(Attempt, id, { tokenHash: hash, heartbeatAt: HEARD });
  return token;
}
