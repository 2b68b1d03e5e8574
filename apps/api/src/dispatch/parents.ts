import { Job } from '@orestes/database';
import { afterChildren } from '@orestes/jobs';
import type { DataSource } from 'typeorm';
import { applyVerdict, changeState, lockJob } from '../jobs/state.js';
import { transact } from '../http/transact.js';

/**
 * Begins sweeps and pipelines, and ends those whose children have all ended.
 * @returns the parents that changed
 */
export async function settleParents(database: DataSource): Promise<string[]> {
  await countChildren(database);
  const due = await database.query<{ id: string }[]>(
    `SELECT id FROM job WHERE kind IN ('sweep', 'pipeline') AND finished_at IS NULL AND (state = 'queued' OR NOT EXISTS (
       SELECT 1 FROM job AS child WHERE child.parent_id = job.id AND child.finished_at IS NULL))
     ORDER BY id`,
  );
  for (const { id } of due) await settle(database, id);
  return due.map(({ id }) => id);
}

function settle(database: DataSource, id: string): Promise<void> {
  return transact(database, async (manager) => {
    const parent = await lockJob(manager, id);
    if (parent.state === 'queued')
      for (const to of ['admitted', 'starting', 'running'] as const)
        await changeState(manager, parent, { to, message: 'its jobs are in the queue' });
    if (parent.state !== 'running') return;
    const children = await manager.find(Job, { where: { parentId: id }, order: { childIndex: 'ASC' } });
    const verdict = afterChildren(children);
    if (!verdict) return;
    const result = { kind: parent.kind, jobs: children.map(({ id, name, state }) => ({ id, name, state })) };
    await applyVerdict(manager, parent, verdict, { result: result });
  });
}

/** A parent's progress is how many of its children have ended. */
const countChildren = (database: DataSource) =>
  database.query(
    `UPDATE job SET progress = counted.progress, version = version + 1 FROM (
       SELECT parent.id, jsonb_build_object('done', count(child.finished_at), 'total', count(*), 'unit', 'jobs',
                'tokensPerSecond', NULL, 'etaSeconds', NULL) AS progress
       FROM job AS parent JOIN job AS child ON child.parent_id = parent.id
       WHERE parent.kind IN ('sweep', 'pipeline') AND parent.finished_at IS NULL GROUP BY parent.id) AS counted
     WHERE job.id = counted.id AND job.progress IS DISTINCT FROM counted.progress`,
  );
