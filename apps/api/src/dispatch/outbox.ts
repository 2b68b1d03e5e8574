import { Attempt, Outbox } from '@orestes/database';
import type { DataSource, EntityManager } from 'typeorm';
import { newToken } from '../auth/token.js';
import { lockJob } from '../jobs/state.js';
import type { Launcher } from './launcher.js';

/** Does what was decided, in order; an order goes when it is done. Who is killed between the two does it again. */
export async function emptyOutbox(database: DataSource, launcher: Launcher): Promise<void> {
  for (;;) {
    const done = await database.transaction(async (manager) => {
      const [order] = await manager.find(Outbox, {
        order: { id: 'ASC' },
        take: 1,
        lock: { mode: 'pessimistic_write', onLocked: 'skip_locked' },
      });
      if (!order) return false;
      await act(database, launcher, order);
      await manager.delete(Outbox, order.id);
      return true;
    });
    if (!done) return;
  }
}

async function act(database: DataSource, launcher: Launcher, { action, attemptId }: Outbox): Promise<void> {
  if (action === 'stop') return launcher.stop(attemptId);
  if (action === 'kill') return launcher.kill(attemptId);
  const token = await database.transaction((manager) => arm(manager, attemptId));
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
  await manager.update(Attempt, id, { tokenHash: hash, heartbeatAt: new Date() });
  return token;
}
