import { Injectable, type ExecutionContext } from '@nestjs/common';
import { ThrottlerGuard } from '@nestjs/throttler';
import type { Request } from 'express';
import { bearerOf, prefixOf } from './token.js';

/** Counts requests by key, and without one by address. */
@Injectable()
export class ThrottleGuard extends ThrottlerGuard {
  protected override getTracker(request: Request): Promise<string> {
    const key = bearerOf(request.headers.authorization);
    return Promise.resolve(key === null ? (request.ip ?? '') : `${request.ip} ${prefixOf(key)}`);
  }

  /** Over all routes. */
  protected override generateKey(_: ExecutionContext, tracker: string): string {
    return tracker;
  }
}
