import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { KubeConfig } from '@kubernetes/client-node';

export type Answer =
  | { status: number; headers?: Record<string, string>; body?: unknown }
  /** The connection is cut when the request has been read. */
  | 'cut'
  /** Nothing is ever answered. */
  | 'silence';

export interface Seen {
  method: string;
  /** Path and query. */
  url: string;
  headers: IncomingMessage['headers'];
  body: unknown;
}

export interface FakeServer {
  config: KubeConfig;
  readonly seen: readonly Seen[];
  /** The first requests get these answers, in turn; all others 200 and an empty object. */
  script(...answers: Answer[]): void;
  /** From then on nobody listens; `listen` begins again on the same port. */
  close(): Promise<void>;
  listen(): Promise<void>;
}

/** An HTTP server that answers as it is told, for what the real one does not do at will. */
export async function startFakeServer(): Promise<FakeServer> {
  let answers: Answer[] = [];
  let seen: Seen[] = [];
  const server = createServer((request, response) => {
    void read(request).then((body) => {
      const { method = '', url = '', headers } = request;
      seen.push({ method, url, headers, body });
      answer(answers.shift() ?? { status: 200, body: {} }, request, response);
    });
  });
  let port = 0;
  const listen = async () => {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('the server has no port');
    port = address.port;
  };
  await listen();
  const config = new KubeConfig();
  // client-node takes plain HTTP only where certificates are not to be verified.
  const cluster = { name: 'fake', server: `http://127.0.0.1:${port}/behind/`, skipTLSVerify: true };
  config.loadFromClusterAndUser(cluster, { name: 'user', token: 'secret' });
  return {
    config,
    get seen() {
      return seen;
    },
    script(...next) {
      answers = next;
      seen = [];
    },
    listen,
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

async function read(request: IncomingMessage): Promise<unknown> {
  let text = '';
  for await (const chunk of request.setEncoding('utf8')) text += String(chunk);
  return text === '' ? undefined : (JSON.parse(text) as unknown);
}

function answer(what: Answer, request: IncomingMessage, response: ServerResponse): void {
  if (what === 'silence') return;
  if (what === 'cut') return void request.socket.destroy();
  const body = typeof what.body === 'string' ? what.body : JSON.stringify(what.body ?? {});
  response.writeHead(what.status, { 'content-type': 'application/json', ...what.headers }).end(body);
}
