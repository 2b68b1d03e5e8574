import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';

/** What goes wrong with one request. Offsets count bytes of the answer's body. */
export type Fault =
  | { kind: 'none' }
  /** Answered by the proxy itself; the server never sees it. */
  | { kind: 'status'; status: number }
  /** Never answered; the server never sees it. */
  | { kind: 'silence' }
  /** The connection is cut before the server sees the request. */
  | { kind: 'refuse' }
  /** The server does its work; the connection is cut instead of the answer. */
  | { kind: 'lostReply' }
  | { kind: 'cut'; at: number }
  | { kind: 'stall'; at: number }
  | { kind: 'flip'; at: number }
  /** The body comes in drops of this many bytes, one in 10 ms. */
  | { kind: 'drip'; bytes: number }
  /** One bit of the request's body is flipped. */
  | { kind: 'flipRequest'; at: number };

export interface ProxiedRequest {
  method: string;
  /** Path and query. */
  url: string;
  range: string | undefined;
  /** How many requests were seen before this one since `inject`. */
  index: number;
}

export interface FaultProxy {
  endpoint: string;
  /** Requests seen since the last `inject`. */
  readonly seen: readonly ProxiedRequest[];
  inject(choose: (request: ProxiedRequest) => Fault): void;
  stop(): Promise<void>;
}

/** An HTTP proxy in front of `target` (http://host:port) that fails as it is told. */
export async function startFaultProxy(target: string): Promise<FaultProxy> {
  let choose: (request: ProxiedRequest) => Fault = () => ({ kind: 'none' });
  let seen: ProxiedRequest[] = [];
  const server = createServer((incoming, outgoing) => {
    const { method = '', url = '', headers } = incoming;
    const proxied = { method, url, range: headers.range, index: seen.length };
    seen.push(proxied);
    forward(target, incoming, outgoing, choose(proxied));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the proxy has no port');
  return {
    endpoint: `http://127.0.0.1:${address.port}`,
    get seen() {
      return seen;
    },
    inject(next) {
      choose = next;
      seen = [];
    },
    async stop() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

function forward(target: string, incoming: IncomingMessage, outgoing: ServerResponse, fault: Fault): void {
  if (fault.kind === 'silence') return;
  if (fault.kind === 'refuse') return void incoming.socket.destroy();
  if (fault.kind === 'status') {
    incoming
      .resume()
      .on('end', () => outgoing.writeHead(fault.status, { 'content-type': 'text/plain' }).end('injected'));
    return;
  }
  // The signature covers the Host header, so it goes through as it came.
  const upstream = request(target + (incoming.url ?? '/'), { method: incoming.method, headers: incoming.headers });
  upstream.on('error', () => outgoing.destroy());
  upstream.on('response', (answer) => {
    if (fault.kind === 'lostReply') answer.resume().on('end', () => incoming.socket.destroy());
    else {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      void relay(answer, outgoing, fault);
    }
  });
  let offset = 0;
  incoming.on('data', (chunk: Buffer) => {
    if (fault.kind === 'flipRequest') flip(chunk, fault.at - offset);
    offset += chunk.length;
    upstream.write(chunk);
  });
  incoming.on('end', () => upstream.end());
  incoming.on('error', () => upstream.destroy());
}

async function relay(answer: IncomingMessage, outgoing: ServerResponse, fault: Fault): Promise<void> {
  let offset = 0;
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    const end = 'at' in fault ? fault.at - offset : Infinity;
    if ((fault.kind === 'cut' || fault.kind === 'stall') && end <= chunk.length) {
      await write(outgoing, chunk.subarray(0, end));
      if (fault.kind === 'cut') outgoing.destroy();
      return;
    }
    if (fault.kind === 'flip') flip(chunk, end);
    if (fault.kind === 'drip') await drip(outgoing, chunk, fault.bytes);
    else await write(outgoing, chunk);
    offset += chunk.length;
  }
  outgoing.end();
}

async function drip(outgoing: ServerResponse, chunk: Buffer, bytes: number): Promise<void> {
  for (let at = 0; at < chunk.length && !outgoing.destroyed; at += bytes) {
    await write(outgoing, chunk.subarray(at, at + bytes));
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

const write = (outgoing: ServerResponse, chunk: Uint8Array) =>
  new Promise<void>((resolve) => (outgoing.destroyed ? resolve() : outgoing.write(chunk, () => resolve())));

function flip(chunk: Buffer, at: number): void {
  const byte = chunk[at];
  if (byte !== undefined) chunk[at] = byte ^ 1;
}
