import { once } from 'node:events';
import { createConnection, createServer, type Socket } from 'node:net';

export interface CommitProxy {
  /** The database's address through the proxy. */
  url: string;
  /** The next query with this text reaches the server, which does it; the connection is cut instead of the answer. */
  arm(text: string): void;
  /** Connections cut so far. */
  readonly cut: number;
  stop(): Promise<void>;
}

/** A TCP proxy in front of PostgreSQL that loses answers. The server answers a query, or a COMMIT, when it is done. */
export async function startCommitProxy(database: string): Promise<CommitProxy> {
  const target = new URL(database);
  const sockets = new Set<Socket>();
  let armed: string | null = null;
  let cut = 0;
  const server = createServer((client) => {
    const upstream = createConnection(Number(target.port), target.hostname);
    let doomed = false;
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => undefined); // the other end is told by close
      socket.on('close', () => {
        client.destroy();
        upstream.destroy();
        sockets.delete(socket);
      });
    }
    client.on('data', (bytes: Buffer) => {
      if (armed !== null && bytes.includes(armed)) {
        armed = null;
        doomed = true;
      }
      upstream.write(bytes);
    });
    upstream.on('data', (bytes: Buffer) => {
      if (!doomed) return void client.write(bytes);
      cut++; // the server has answered, so it has committed
      client.destroy();
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  const url = new URL(database);
  url.port = String(port);
  url.search = ''; // no way around the proxy by a socket
  return {
    url: url.href,
    arm: (text) => void (armed = text),
    get cut() {
      return cut;
    },
    async stop() {
      server.close();
      for (const socket of sockets) socket.destroy();
      await once(server, 'close');
    },
  };
}
