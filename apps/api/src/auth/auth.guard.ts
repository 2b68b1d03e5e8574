import {
  createParamDecorator,
  Inject,
  Injectable,
  SetMetadata,
  type CanActivate,
  type ExecutionContext,
} from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { Request } from 'express';
import { ProblemError } from '../http/problem.js';
import { CONFIG } from '../tokens.js';
import type { ServiceConfig } from '../config.js';
import { DEFAULT_PROJECT, KeysService, type Owner } from './keys.service.js';
import { bearerOf } from './token.js';

const PUBLIC = 'orestes:public';
/** A route that asks for no key, or checks another one itself. */
export const Public = () => SetMetadata(PUBLIC, true);

interface OwnedRequest extends Request {
  owner?: Owner;
}

/** The project that the request acts for. */
export const Acting = createParamDecorator((_: unknown, context: ExecutionContext): Owner => {
  const { owner } = context.switchToHttp().getRequest<OwnedRequest>();
  if (owner) return owner;
  throw new ProblemError(401, 'KEY_NEEDED', 'this route needs an API key');
});

@Injectable()
export class AuthGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly keys: KeysService,
    @Inject(CONFIG) private readonly config: ServiceConfig,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    if (this.reflector.getAllAndOverride<boolean>(PUBLIC, [context.getHandler(), context.getClass()])) return true;
    const request = context.switchToHttp().getRequest<OwnedRequest>();
    request.owner = await this.ownerOf(request.headers.authorization);
    return true;
  }

  private async ownerOf(header: string | undefined): Promise<Owner> {
    if (header === undefined) {
      if (!this.config.keys) return this.keys.project(DEFAULT_PROJECT);
      throw new ProblemError(401, 'KEY_NEEDED', 'an API key is needed: Authorization: Bearer KEY');
    }
    const key = bearerOf(header);
    const owner = key === null ? null : await this.keys.ownerOf(key);
    if (owner) return owner;
    throw new ProblemError(401, 'KEY_UNKNOWN', 'this API key is not known, or was revoked');
  }
}
