import { once } from 'node:events';
import {
  Agent as PlainAgent,
  createServer,
  request as plainRequest,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http';
import { Agent, request } from 'node:https';
import type { Socket } from 'node:net';

const WRITES = ['POST', 'PATCH', 'PUT', 'DELETE'];

export interface WriteProxy {
  /** Where its client is to look for the target. */
  url: string;
  stop(): Promise<void>;
}

/** Counts the writes of one client, whichever server they go to, and stops it at one of them. */
export class WriteCounter {
  /** Writes since `arm`. */
  readonly seen: string[] = [];
  private at: { write: number; when: 'before' | 'after' } | null = null;
  private hit: (() => void) | null = null;
  private held: (() => void) | null = null;

  /** @param ignored writes that are not counted */
  constructor(private readonly ignored: RegExp) {}

  /** Resolves at the n-th write from now, which has not reached its server, or of which the answer has not reached its client. */
  arm(write: number, when: 'before' | 'after'): Promise<void> {
    this.seen.length = 0;
    this.at = { write, when };
    return new Promise((resolve) => (this.hit = resolve));
  }

  /** Counts from one, and lets everything pass. */
  watch(): void {
    this.seen.length = 0;
    this.at = null;
  }

  /** Lets the one write go on that is held up. */
  letGo(): void {
    this.held?.();
  }

  /** Resolves at once; for the one write when it is let go. */
  async pass({ method, url }: IncomingMessage, when: 'before' | 'after'): Promise<void> {
    if (!WRITES.includes(method!) || this.ignored.test(url!)) return;
    if (when === 'before') this.seen.push(`${method} ${url!.split('?')[0]}`);
    if (this.at?.when !== when || this.seen.length < this.at.write) return;
    this.at = null;
    this.hit!();
    await new Promise<void>((resolve) => (this.held = resolve));
  }
}

/** A plain HTTP server before an apiserver or a service, for one client. */
export async function startWriteProxy(
  target: string,
  authority: string | undefined,
  counter: WriteCounter,
): Promise<WriteProxy> {
  const secure = target.startsWith('https:');
  const agent = secure ? new Agent({ ca: authority, keepAlive: true }) : new PlainAgent({ keepAlive: true });
  const sockets = new Set<Socket>();
  const forward = async (incoming: IncomingMessage, answer: ServerResponse) => {
    await counter.pass(incoming, 'before');
    const { method, headers, url } = incoming;
    const options = { method, headers: { ...headers, host: new URL(target).host }, agent };
    const pass = async (outgoing: IncomingMessage) => {
      await counter.pass(incoming, 'after');
      answer.writeHead(outgoing.statusCode!, outgoing.headers);
      answer.flushHeaders(); // a watch has begun before it has anything to say
      outgoing.pipe(answer);
    };
    const sent = (secure ? request : plainRequest)(new URL(url!, target), options, (outgoing) => void pass(outgoing));
    sent.on('error', () => answer.destroy());
    answer.on('close', () => sent.destroy());
    incoming.pipe(sent);
  };
  const server = createServer((incoming, answer) => void forward(incoming, answer)).on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  return {
    url: `http://127.0.0.1:${port}`,
    async stop() {
      server.close();
      for (const socket of sockets) socket.destroy();
      agent.destroy();
      await once(server, 'close');
    },
  };
}
