import { createHash, randomBytes } from 'node:crypto';
import type { DataSource } from '@orestes/database';

/** An attempt that a worker of a cluster would have. */
export interface LiveAttempt {
  id: string;
  job: string;
  token: string;
}

export async function count(database: DataSource, sql: string, parameters: unknown[] = []): Promise<number> {
  const [{ n }] = await database.query<[{ n: string }]>(`SELECT count(*) AS n FROM ${sql}`, parameters);
  return Number(n);
}

/**
 * Fills the job table up with what a month leaves behind: 500 sweeps that have ended, and copies of a pretraining under other
 * names, states, kinds and labels, three of five in a sweep. Labels `era=old` are all on the oldest, `owner=eve` on twenty.
 */
export async function fillTo(database: DataSource, rows: number): Promise<void> {
  const wanted = rows - (await count(database, 'job'));
  if (wanted <= 0) return;
  const sweeps = Math.min(500, wanted >> 1);
  await database.query(
    `INSERT INTO job (id, project_id, kind, name, state, message, spec, labels, created_at, started_at, finished_at, version)
       SELECT uuidv7(make_interval(days => -31)), model.project_id, 'sweep', 'sweep-' || i, 'succeeded', 'done', model.spec,
         ARRAY['team=sweeps'], now(), now(), now(), 5
       FROM generate_series(1, $1::int) AS i, (SELECT * FROM job WHERE kind = 'pretrain' LIMIT 1) AS model`,
    [sweeps],
  );
  await database.query(
    `INSERT INTO job (id, project_id, parent_id, child_index, kind, name, state, reason, message, spec, output, labels, priority,
         retries, epoch, recipe_hash, experiment, progress, created_at, started_at, finished_at, version)
       SELECT uuidv7(make_interval(secs => -2592000.0 * ($1 - i) / $1)), model.project_id,
         CASE WHEN i % 5 < 3 THEN sweep.id END, i, made.kind, made.kind || '-' || i % 1000, made.state,
         CASE WHEN made.state = 'failed' THEN 'WORKER_LOST' END, 'copied', model.spec, model.output || i,
         ARRAY['team=' || CASE WHEN i % 2 = 0 THEN 'language' ELSE 'search' END, 'study=s' || i % 100]
           || CASE WHEN i < $1 * 0.02 THEN ARRAY['era=old'] ELSE '{}' END
           || CASE WHEN i % ($1 / 20 + 1) = 5 THEN ARRAY['owner=eve'] ELSE '{}' END,
         0, 3, 1, encode(sha256(i::text::bytea), 'hex'), encode(sha256((i / 3)::text::bytea), 'hex'),
         '{"done": 400, "total": 400, "unit": "steps", "tokensPerSecond": 51234.5, "etaSeconds": 0}'::jsonb,
         now(), now(), CASE WHEN made.state NOT IN ('queued', 'suspended') THEN now() END, 7
       FROM generate_series(1, $1::int) AS i
       CROSS JOIN (SELECT * FROM job WHERE kind = 'pretrain' LIMIT 1) AS model
       JOIN (SELECT id, row_number() OVER (ORDER BY id) - 1 AS place FROM job WHERE kind = 'sweep') AS sweep
         ON sweep.place = i % $2
       CROSS JOIN LATERAL (SELECT
         CASE i % 20 WHEN 0 THEN 'corpus' WHEN 1 THEN 'evaluate' WHEN 2 THEN 'evaluate' ELSE
           CASE WHEN i % 3 = 0 THEN 'pretrain' ELSE 'finetune' END END AS kind,
         CASE WHEN i % 17 = 0 THEN 'failed' WHEN i % 61 = 0 THEN 'cancelled' WHEN i % 101 = 0 THEN 'diverged'
           WHEN i % 9973 = 0 THEN 'suspended' WHEN i % 50 = 11 THEN 'queued' ELSE 'succeeded' END AS state) AS made`,
    [wanted - sweeps, sweeps],
  );
  await database.query('ANALYZE');
}

/** Makes the oldest queued jobs admitted ones, each with an attempt that no worker has taken yet. */
export async function admitJobs(database: DataSource, jobs: number): Promise<LiveAttempt[]> {
  const rows = await database.query<{ id: string; job: string }[]>(
    `WITH taken AS (
       SELECT id FROM job WHERE state = 'queued' AND kind = 'pretrain' ORDER BY id LIMIT $1 FOR UPDATE),
     admitted AS (UPDATE job SET state = 'admitted', epoch = 1 FROM taken WHERE job.id = taken.id RETURNING job.id)
     INSERT INTO attempt (id, job_id, epoch, state) SELECT uuidv7(), id, 1, 'admitted' FROM admitted
     RETURNING id, job_id AS job`,
    [jobs],
  );
  const attempts = rows.map((row) => ({ ...row, token: `ora_${randomBytes(24).toString('base64url')}` }));
  for (const { id, token } of attempts)
    await database.query('UPDATE attempt SET token_hash = $2 WHERE id = $1', [
      id,
      createHash('sha256').update(token).digest(),
    ]);
  return attempts;
}
