import { Body, Controller, Delete, Get, HttpCode, Inject, Param, Post } from '@nestjs/common';
import { KeyDocument, KeyList, KeyRequest, NewKey, parseDocument } from '@orestes/contracts';
import { z } from 'zod';
import type { ServiceConfig } from '../config.js';
import { Documented } from '../http/documented.js';
import { idOf } from '../http/parameters.js';
import { ProblemError } from '../http/problem.js';
import { CONFIG } from '../tokens.js';
import { Acting } from './auth.guard.js';
import { DEFAULT_PROJECT, KeysService, type Owner } from './keys.service.js';

const Session = z.strictObject({ project: z.string(), keyNeeded: z.boolean() });

@Controller()
export class AuthController {
  constructor(
    private readonly keys: KeysService,
    @Inject(CONFIG) private readonly config: ServiceConfig,
  ) {}

  @Get('session')
  @Documented({ tag: 'keys', summary: 'The project that requests act for', answers: { 200: Session } })
  session(@Acting() owner: Owner): z.infer<typeof Session> {
    return { project: owner.name, keyNeeded: this.config.keys };
  }

  @Post('keys')
  @HttpCode(201)
  @Documented({
    tag: 'keys',
    summary: 'Make an API key',
    description:
      'The key is shown this once. A key of the project `default`, and local mode, may name another project, which is made where needed.',
    body: { schema: KeyRequest, examples: { key: { name: 'ci' } } },
    answers: { 201: NewKey },
  })
  async create(@Acting() owner: Owner, @Body() body: unknown): Promise<z.infer<typeof NewKey>> {
    const { name, project } = parseDocument(KeyRequest, body, 'key');
    if (project === undefined || project === owner.name) return this.keys.create(owner, { name });
    if (this.config.keys && owner.name !== DEFAULT_PROJECT)
      throw new ProblemError(
        403,
        'PROJECT_FORBIDDEN',
        'a key makes keys of its own project; those of the project default make any',
      );
    return this.keys.create(await this.keys.project(project), { name });
  }

  @Get('keys')
  @Documented({ tag: 'keys', summary: "The project's keys", answers: { 200: KeyList } })
  async list(@Acting() owner: Owner): Promise<z.infer<typeof KeyList>> {
    return { items: await this.keys.list(owner), next: null };
  }

  @Delete('keys/:id')
  @Documented({ tag: 'keys', summary: 'Revoke a key', ids: ['id'], answers: { 200: KeyDocument } })
  revoke(@Acting() owner: Owner, @Param('id') id: string): Promise<z.infer<typeof KeyDocument>> {
    return this.keys.revoke(owner, idOf(id, 'key'));
  }
}
