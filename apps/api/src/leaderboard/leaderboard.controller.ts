import { Controller, Get, Query, Res } from '@nestjs/common';
import { Leaderboard } from '@orestes/contracts';
import { toCsv, toLatex, toMarkdown } from '@orestes/jobs';
import { recipes } from '@orestes/trainer';
import type { Response } from 'express';
import { z } from 'zod';
import { Acting } from '../auth/auth.guard.js';
import type { Owner } from '../auth/keys.service.js';
import { Documented } from '../http/documented.js';
import { queryOf } from '../http/parameters.js';
import { LeaderboardService } from './leaderboard.service.js';

const FORMATS = {
  csv: { type: 'text/csv', write: toCsv },
  latex: { type: 'application/x-latex', write: toLatex },
  markdown: { type: 'text/markdown', write: toMarkdown },
} as const;

const LeaderboardQuery = z.strictObject({
  suite: z
    .enum(['glue', 'all'])
    .default('glue')
    .describe('`glue`: the eight tasks of GLUE AVG, with published rows; `all`: every task.'),
  format: z.enum(['json', 'csv', 'latex', 'markdown']).default('json'),
});

const RecipeList = z.strictObject({
  items: z.array(z.strictObject({ name: z.string(), summary: z.string(), sizes: z.array(z.string()) })),
});

@Controller()
export class LeaderboardController {
  constructor(private readonly boards: LeaderboardService) {}

  @Get('leaderboard')
  @Documented({
    tag: 'leaderboard',
    summary: 'Who is best',
    query: LeaderboardQuery,
    answers: {
      200: {
        'application/json': Leaderboard,
        'text/csv': 'text',
        'application/x-latex': 'text',
        'text/markdown': 'text',
      },
    },
  })
  async leaderboard(@Acting() owner: Owner, @Query() query: unknown, @Res() response: Response): Promise<void> {
    const { suite, format } = queryOf(LeaderboardQuery, query);
    const board = await this.boards.leaderboard(owner, suite);
    if (format === 'json') return void response.json(board);
    const { type, write } = FORMATS[format];
    response.type(`${type}; charset=utf-8`).send(write(board));
  }

  @Get('recipes')
  @Documented({ tag: 'jobs', summary: 'The named recipes', answers: { 200: RecipeList } })
  recipes(): z.infer<typeof RecipeList> {
    const items = Object.entries(recipes).map(([name, { summary, sizes }]) => ({
      name,
      summary,
      sizes: Object.keys(sizes),
    }));
    return { items };
  }
}
