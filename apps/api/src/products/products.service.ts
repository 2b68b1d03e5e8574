import { Injectable } from '@nestjs/common';
import type { CheckpointDocument, CorpusDocument, ModelDocument } from '@orestes/contracts';
import { Checkpoint, Corpus, Model } from '@orestes/database';
import { DataSource, LessThan } from 'typeorm';
import type { z } from 'zod';
import type { Owner } from '../auth/keys.service.js';

interface Page {
  limit: number;
  cursor?: string | undefined;
}

/** What jobs have made; newest first. */
@Injectable()
export class ProductsService {
  constructor(private readonly database: DataSource) {}

  async checkpoints(job: string): Promise<z.infer<typeof CheckpointDocument>[]> {
    const rows = await this.database.getRepository(Checkpoint).find({ where: { jobId: job }, order: { step: 'DESC' } });
    return rows.map(({ step, address, bytes, attempt, createdAt }) => {
      return { step, address, bytes, attempt, createdAt: createdAt.toISOString() };
    });
  }

  async models(owner: Owner, page: Page): Promise<{ items: z.infer<typeof ModelDocument>[]; next: string | null }> {
    const { rows, next } = await this.page(Model, owner, page);
    const items = rows.map(({ id, jobId: job, kind, name, address, recipeHash, createdAt }) => {
      return { id, job, kind, name, address, recipeHash, createdAt: createdAt.toISOString() };
    });
    return { items, next };
  }

  async corpora(owner: Owner, page: Page): Promise<{ items: z.infer<typeof CorpusDocument>[]; next: string | null }> {
    const { rows, next } = await this.page(Corpus, owner, page);
    const items = rows.map(({ projectId: _, jobId: job, job: _job, createdAt, ...row }) => {
      return { ...row, job, createdAt: createdAt.toISOString() };
    });
    return { items, next };
  }

  private async page<T extends Model | Corpus>(entity: new () => T, owner: Owner, { limit, cursor }: Page) {
    const where = { projectId: owner.id, ...(cursor !== undefined && { id: LessThan(cursor) }) } as never;
    const order = { id: 'DESC' } as never;
    const found = await this.database.getRepository(entity).find({ where, order, take: limit + 1 });
    const rows = found.slice(0, limit);
    return { rows, next: found.length > limit ? rows.at(-1)!.id : null };
  }
}
