import { Injectable } from '@nestjs/common';
import type { Leaderboard } from '@orestes/contracts';
import { published, ranking, type RankedJob, type RankedResult } from '@orestes/jobs';
import { DataSource } from 'typeorm';
import type { Owner } from '../auth/keys.service.js';

/** Device hours of a job's attempts: from a worker's start to its end, or till now. */
const HOURS = `(coalesce((SELECT sum(extract(epoch FROM coalesce(attempt.ended_at, now()) - attempt.started_at))
  FROM attempt WHERE attempt.job_id = job.id AND attempt.started_at IS NOT NULL), 0)
  * (job.spec->'engine'->>'devices')::int / 3600)::float8`;

@Injectable()
export class LeaderboardService {
  constructor(private readonly database: DataSource) {}

  /** The project's measured rows, best first, and the published ones. */
  async leaderboard(owner: Owner, suite: 'glue' | 'all'): Promise<Leaderboard> {
    const results = await this.database.query<RankedResult[]>(
      `SELECT result.job_id AS job, result.base, result.weights, result.task, result.metric, result.value,
              result.seed::float8 AS seed, result.experiment, ${HOURS} AS "deviceHours"
       FROM result JOIN job ON job.id = result.job_id WHERE result.project_id = $1 ORDER BY result.job_id`,
      [owner.id],
    );
    const bases = [...new Set(results.map(({ base }) => base))];
    // Of several pretrainings with one recipe hash the first that was computed stands: the others took its result.
    const pretrained = await this.database.query<RankedJob[]>(
      `SELECT DISTINCT ON (job.recipe_hash) job.recipe_hash AS "recipeHash", job.id AS job, job.name,
              (job.result->>'tokens')::float8 AS tokens, job.flops, job.corpus_digest AS corpus,
              job.result->>'checkpoint' AS checkpoint, ${HOURS} AS "deviceHours"
       FROM job WHERE job.project_id = $1 AND job.recipe_hash = ANY ($2) AND job.kind = 'pretrain' AND job.state = 'succeeded'
       ORDER BY job.recipe_hash, (job.reused_from IS NOT NULL), job.id`,
      [owner.id, bases],
    );
    const board = ranking(suite, results, pretrained);
    return { ...board, rows: [...board.rows, ...published(suite)] };
  }
}
