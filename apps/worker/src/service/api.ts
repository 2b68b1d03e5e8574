import { setTimeout as sleep } from 'node:timers/promises';
import { OrestesError, parseDocument } from '@orestes/contracts';
import type { z } from 'zod';
import type { WorkerConfig } from './config.js';

const FIRST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 5000;
const ANSWER_MS = 30_000;

/** The API as an attempt sees it. Every call may be made twice: an answer that was lost is asked for again. */
export class AttemptApi {
  constructor(private readonly config: WorkerConfig) {}

  /**
   * @throws OrestesError ATTEMPT_SUPERSEDED: another attempt, or nobody, is to do the job; API_UNREACHABLE after the
   * configured patience; API_REFUSED
   */
  async post<S extends z.ZodType>(path: string, body: unknown, answer: S): Promise<z.output<S>> {
    const deadline = Date.now() + this.config.patienceMs;
    for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(2 * pause, LONGEST_PAUSE_MS)) {
      const got = await this.ask(path, body).catch((error: Error) => {
        if (error instanceof OrestesError) throw error;
        return error.message; // no connection, or no answer in time
      });
      if (typeof got !== 'string') return parseDocument(answer, got.document, path);
      if (Date.now() > deadline)
        throw new OrestesError('API_UNREACHABLE', `${this.config.api}: gives no answer that helps: ${got}`);
      await sleep(pause);
    }
  }

  /** @returns the document, or what kept the API from giving one */
  private async ask(path: string, body: unknown): Promise<{ document: unknown } | string> {
    const { api, attempt, token } = this.config;
    const response = await fetch(new URL(`/attempts/${attempt}/${path}`, api), {
      method: 'POST',
      headers: { authorization: `Bearer ${token()}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(ANSWER_MS),
    });
    if (response.ok) return { document: await response.json() };
    const text = await response.text();
    if (response.status >= 500 || response.status === 429) return `${response.status} ${text.slice(0, 200)}`;
    if (response.status === 409 || response.status === 401)
      throw new OrestesError('ATTEMPT_SUPERSEDED', 'the job was cancelled, or goes on in another attempt');
    throw new OrestesError('API_REFUSED', `${path}: the API answers ${response.status} ${text}`);
  }
}
