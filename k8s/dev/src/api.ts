import { Agent, request } from 'node:https';
import type { Identity } from './pki.js';

export interface Answer {
  status: number;
  /** Parsed when it is JSON, else the text. */
  body: unknown;
}

/** How long an answer may take before the request counts as lost: a stopped server (SIGSTOP) accepts and says nothing. */
const TIMEOUT_MS = 30_000;

/** Requests with a client certificate, a few at a time over connections that are kept. */
export class ApiClient {
  private readonly agent: Agent;

  constructor(
    private readonly url: string,
    authority: string,
    identity: Identity,
  ) {
    const { certificate: cert, key } = identity;
    this.agent = new Agent({ ca: authority, cert, key, keepAlive: true, maxSockets: 16 });
  }

  /** @throws Error when no answer comes: refused, cut off, or none in 30 s */
  send(method: string, path: string, body?: unknown, contentType = 'application/json'): Promise<Answer> {
    const headers = body === undefined ? {} : { 'content-type': contentType };
    return new Promise((resolve, reject) => {
      const options = { method, headers, agent: this.agent, timeout: TIMEOUT_MS };
      const sent = request(new URL(path, this.url), options, (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (part: string) => (text += part));
        response.once('error', reject);
        response.once('end', () => resolve({ status: response.statusCode ?? 0, body: parse(text) }));
      });
      sent.once('timeout', () => sent.destroy(new Error(`${method} ${path}: no answer in ${TIMEOUT_MS / 1000} s`)));
      sent.once('error', reject);
      sent.end(body === undefined ? undefined : JSON.stringify(body));
    });
  }

  close(): void {
    this.agent.destroy();
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text; // healthz and the like
  }
}
