import { Agent, request } from 'node:http';

export interface Answer {
  /** 0: there was none. */
  status: number;
  body: string;
}

/** A server closes connections that are silent for 5 s: this side does so before, or requests would meet closed ones. */
const SILENT_MS = 3000;

/** JSON over kept connections to a server of this machine. */
export class Client {
  private readonly agent: Agent;
  private readonly port: string;

  /** @param connections at most */
  constructor(url: string, connections = Infinity) {
    this.agent = new Agent({ keepAlive: true, maxSockets: connections, timeout: SILENT_MS });
    this.port = new URL(url).port;
  }

  get(path: string): Promise<Answer> {
    return this.send('GET', path, undefined, {});
  }

  post(path: string, body: unknown, headers: Record<string, string> = {}): Promise<Answer> {
    return this.send('POST', path, JSON.stringify(body), headers);
  }

  close(): void {
    this.agent.destroy();
  }

  /** Never throws: an open loop goes on. */
  private send(method: string, path: string, body: string | undefined, more: Record<string, string>): Promise<Answer> {
    const { agent, port } = this;
    const json = { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(body ?? '')) };
    const headers = { ...(body !== undefined && json), ...more };
    return new Promise((resolve) => {
      const lost = (error: Error) => resolve({ status: 0, body: error.message });
      const sent = request({ host: '127.0.0.1', port, method, path, headers, agent }, (response) => {
        const parts: Buffer[] = [];
        response.on('data', (part: Buffer) => parts.push(part));
        response.on('end', () => resolve({ status: response.statusCode!, body: Buffer.concat(parts).toString() }));
        response.on('error', lost);
      });
      sent.on('error', lost);
      sent.end(body);
    });
  }
}
