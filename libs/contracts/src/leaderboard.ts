import { z } from 'zod';
import { Sha256 } from './documents.js';

const statistic = z.number().nullable();

/** A task's score over its seeds: each run's last epoch, never its best one. Metrics as fractions. */
export const LeaderboardScore = z.strictObject({
  task: z.string(),
  metric: z.string(),
  /** Runs with different seeds. */
  n: z.int().min(1),
  mean: z.number(),
  /** Of the sample (n - 1); null for one run. */
  std: statistic,
  median: z.number(),
  best: z.number(),
  /** Fine-tuning settings that were tried; the scores are of the one with the best median. */
  configurations: z.int().min(1),
  jobs: z.array(z.uuid()),
});

export const LeaderboardRow = z.strictObject({
  /** `measured` here, or `published` in a paper: rows of the two are never mixed. */
  source: z.enum(['measured', 'published']),
  name: z.string(),
  /** Of the pretraining; null for published rows. */
  recipeHash: Sha256.nullable(),
  weights: z.enum(['pretrained', 'random']),
  scores: z.array(LeaderboardScore),
  /** GLUE AVG of the eight tasks; null unless all are there. Published rows: as printed. */
  average: z.strictObject({ mean: z.number(), median: statistic, best: statistic }).nullable(),
  tokens: z.number().nullable(),
  flops: z.number().nullable(),
  /** Hours that devices were held by pretraining and fine-tuning. */
  deviceHours: z.number().nullable(),
  /** corpus digest -> pretraining job -> checkpoint -> fine-tuning jobs (in `scores`). */
  lineage: z.strictObject({
    corpus: Sha256.nullable(),
    pretrain: z.uuid().nullable(),
    checkpoint: z.string().nullable(),
  }),
  /** Where a published row stands; null for measured ones. */
  reference: z.string().nullable(),
});

export const Leaderboard = z.strictObject({
  suite: z.string(),
  tasks: z.array(z.string()),
  rows: z.array(LeaderboardRow),
});

export type LeaderboardScore = z.infer<typeof LeaderboardScore>;
export type LeaderboardRow = z.infer<typeof LeaderboardRow>;
export type Leaderboard = z.infer<typeof Leaderboard>;
