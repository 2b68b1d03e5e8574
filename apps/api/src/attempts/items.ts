import type { ReportItem } from '@orestes/contracts';
import type { Job } from '@orestes/database';
import type { EntityManager } from 'typeorm';

type Item<K extends ReportItem['kind']> = Extract<ReportItem, { kind: K }>;

/** Writes what a worker told, each kind in one statement. The caller holds the job's lock. */
export async function saveItems(
  manager: EntityManager,
  job: Job,
  attempt: number,
  items: readonly ReportItem[],
): Promise<void> {
  const { id } = job;
  const of = <K extends ReportItem['kind']>(kind: K) => items.filter((item): item is Item<K> => item.kind === kind);
  const [metrics, logs, events, checkpoints] = [of('metric'), of('log'), of('event'), of('checkpoint')];
  if (metrics.length > 0) await saveMetrics(manager, id, metrics);
  if (logs.length > 0)
    await manager.query(
      `INSERT INTO log_line (job_id, attempt, time, text)
         SELECT $1, $2, to_timestamp(time / 1000), text FROM unnest($3::float8[], $4::text[]) AS line (time, text)`,
      [id, attempt, logs.map((l) => l.time), logs.map((l) => l.text)],
    );
  if (events.length > 0)
    await manager.query(
      `INSERT INTO event (job_id, attempt, time, type, message)
         SELECT $1, $2, to_timestamp(time / 1000), type, message
         FROM unnest($3::float8[], $4::text[], $5::text[]) AS told (time, type, message)`,
      [id, attempt, events.map((e) => e.time), events.map((e) => e.type), events.map((e) => e.message)],
    );
  if (checkpoints.length > 0) await saveCheckpoints(manager, job, attempt, checkpoints);
}

/** A step that was made again has the same values: the first stays, and its place in the stream. */
const saveMetrics = (manager: EntityManager, id: string, metrics: readonly Item<'metric'>[]) =>
  manager.query(
    `INSERT INTO metric (job_id, split, step, time, "values")
       SELECT $1, split, step, to_timestamp(time / 1000), "values"
       FROM unnest($2::text[], $3::int[], $4::float8[], $5::jsonb[]) AS told (split, step, time, "values")
     ON CONFLICT (job_id, split, step) DO NOTHING`,
    [
      id,
      metrics.map((m) => m.split),
      metrics.map((m) => m.step),
      metrics.map((m) => m.time),
      metrics.map((m) => JSON.stringify(m.values)),
    ],
  );

/** The newest so many stay in the output: the others are gone from there, and so from here. */
async function saveCheckpoints(
  manager: EntityManager,
  { id, spec }: Job,
  attempt: number,
  checkpoints: readonly Item<'checkpoint'>[],
): Promise<void> {
  await manager.query(
    `INSERT INTO checkpoint (job_id, attempt, step, address, bytes)
       SELECT DISTINCT ON (step) $1::uuid, $2::int, step, address, bytes
       FROM unnest($3::int[], $4::text[], $5::bigint[]) AS saved (step, address, bytes)
     ON CONFLICT (job_id, step) DO UPDATE SET address = excluded.address, bytes = excluded.bytes, attempt = excluded.attempt`,
    [id, attempt, checkpoints.map((c) => c.step), checkpoints.map((c) => c.address), checkpoints.map((c) => c.bytes)],
  );
  const keep = spec.kind === 'pretrain' ? spec.checkpoint.keep : 1;
  await manager.query(
    `DELETE FROM checkpoint WHERE job_id = $1 AND step NOT IN (
       SELECT step FROM checkpoint WHERE job_id = $1 ORDER BY step DESC LIMIT $2)`,
    [id, keep],
  );
}
