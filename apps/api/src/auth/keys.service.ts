import { Injectable } from '@nestjs/common';
import type { z } from 'zod';
import type { KeyDocument, KeyRequest, NewKey } from '@orestes/contracts';
import { ApiKey, newId, Project } from '@orestes/database';
import { DataSource, IsNull } from 'typeorm';
import { notFound } from '../http/problem.js';
import { madeElsewhere, matches, newToken, prefixOf } from './token.js';

/** The project of a request. */
export type Owner = Pick<Project, 'id' | 'name'>;

export const DEFAULT_PROJECT = 'default';
const USED_EVERY_MS = 60_000;

@Injectable()
export class KeysService {
  /** Projects are never renamed or removed. */
  private readonly projects = new Map<string, Owner>();

  constructor(private readonly database: DataSource) {}

  /** The project that a key belongs to; null for a key that is unknown or revoked. */
  async ownerOf(key: string): Promise<Owner | null> {
    const keys = this.database.getRepository(ApiKey);
    const found = await keys.findOne({
      where: { prefix: prefixOf(key), revokedAt: IsNull() },
      relations: { project: true },
    });
    if (!found || !matches(key, found.hash)) return null;
    if (Date.now() - (found.lastUsedAt?.getTime() ?? 0) > USED_EVERY_MS)
      await keys.update(found.id, { lastUsedAt: new Date() });
    return found.project;
  }

  /** The project with that name, made where there is none. */
  async project(name: string): Promise<Owner> {
    const known = this.projects.get(name);
    if (known) return known;
    const { manager } = this.database;
    await manager.query('INSERT INTO project (id, name) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING', [
      newId(),
      name,
    ]);
    const owner = await manager.findOneByOrFail(Project, { name });
    this.projects.set(name, owner);
    return owner;
  }

  /** @param keep is given the key before it is good for anything: what it can't keep is never made */
  async create(
    owner: Owner,
    { name }: Pick<z.infer<typeof KeyRequest>, 'name'>,
    keep: (key: string) => Promise<void> = () => Promise.resolve(),
  ): Promise<z.infer<typeof NewKey>> {
    const { token, prefix, hash } = newToken('ork');
    await keep(token);
    const id = newId();
    await this.database.getRepository(ApiKey).insert({ id, projectId: owner.id, name, prefix, hash });
    const made = await this.database.getRepository(ApiKey).findOneByOrFail({ id });
    return { ...documentOf(made, owner), key: token };
  }

  /** A key that was made elsewhere. One that is known already, a revoked one too, stays as it is. @returns whether it has a key's form */
  async adopt(owner: Owner, name: string, key: string): Promise<boolean> {
    const made = madeElsewhere(key);
    if (!made) return false;
    const { prefix, hash } = made;
    const row = { id: newId(), projectId: owner.id, name, prefix, hash };
    await this.database.createQueryBuilder().insert().into(ApiKey).values(row).orIgnore().execute();
    return true;
  }

  async list(owner: Owner): Promise<z.infer<typeof KeyDocument>[]> {
    const keys = await this.database
      .getRepository(ApiKey)
      .find({ where: { projectId: owner.id }, order: { id: 'ASC' } });
    return keys.map((key) => documentOf(key, owner));
  }

  async revoke(owner: Owner, id: string): Promise<z.infer<typeof KeyDocument>> {
    const keys = this.database.getRepository(ApiKey);
    const key = await keys.findOneBy({ id, projectId: owner.id });
    if (!key) throw notFound('key', id);
    key.revokedAt ??= new Date();
    await keys.save(key);
    return documentOf(key, owner);
  }

  async none(): Promise<boolean> {
    return (await this.database.getRepository(ApiKey).countBy({ revokedAt: IsNull() })) === 0;
  }
}

function documentOf(key: ApiKey, { name: project }: Owner): z.infer<typeof KeyDocument> {
  return {
    id: key.id,
    project,
    name: key.name,
    prefix: key.prefix,
    createdAt: key.createdAt.toISOString(),
    lastUsedAt: key.lastUsedAt?.toISOString() ?? null,
    revokedAt: key.revokedAt?.toISOString() ?? null,
  };
}
