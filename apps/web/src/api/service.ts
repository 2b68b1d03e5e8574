import type { Leaderboard } from '@orestes/contracts';
import { getJson, send } from './client.js';

export interface Session {
  project: string;
  keyNeeded: boolean;
}

export interface RecipeSummary {
  name: string;
  summary: string;
  sizes: string[];
}

export type Suite = 'glue' | 'all';

export const getSession = (signal?: AbortSignal) => getJson<Session>('session', signal);
export const getRecipes = (signal?: AbortSignal) => getJson<{ items: RecipeSummary[] }>('recipes', signal);
export const leaderboardPath = (suite: Suite, format: string) => `leaderboard?suite=${suite}&format=${format}`;
export const getLeaderboard = (suite: Suite, signal?: AbortSignal) =>
  getJson<Leaderboard>(leaderboardPath(suite, 'json'), signal);

/** Sets whether the API is connected, as every request does. */
export const probe = (signal: AbortSignal) => send('healthz', { signal, accept: '*/*' });
