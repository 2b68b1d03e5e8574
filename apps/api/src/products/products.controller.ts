import { Controller, Get, Query } from '@nestjs/common';
import { CorpusList, ModelList } from '@orestes/contracts';
import { z } from 'zod';
import { Acting } from '../auth/auth.guard.js';
import type { Owner } from '../auth/keys.service.js';
import { Documented } from '../http/documented.js';
import { Cursor, Limit, queryOf } from '../http/parameters.js';
import { ProductsService } from './products.service.js';

const Page = z.strictObject({ limit: Limit, cursor: Cursor });

@Controller()
export class ProductsController {
  constructor(private readonly products: ProductsService) {}

  @Get('models')
  @Documented({ tag: 'products', summary: 'Models that jobs have made', query: Page, answers: { 200: ModelList } })
  models(@Acting() owner: Owner, @Query() query: unknown): Promise<z.infer<typeof ModelList>> {
    return this.products.models(owner, queryOf(Page, query));
  }

  @Get('corpora')
  @Documented({ tag: 'products', summary: 'Corpora that jobs have built', query: Page, answers: { 200: CorpusList } })
  corpora(@Acting() owner: Owner, @Query() query: unknown): Promise<z.infer<typeof CorpusList>> {
    return this.products.corpora(owner, queryOf(Page, query));
  }
}
