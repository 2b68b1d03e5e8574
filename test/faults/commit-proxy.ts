import { once } from 'node:events';
import { createConnection, createServer, type Socket } from 'node:net';

/** A PostgreSQL simple query, as it stands on the wire: 'Q', its length, the text, NUL. */
function query(text: string): Buffer {
  const body = Buffer.from(`${text}\0`);
  const head = Buffer.alloc(5);
  head.write('Q');
  head.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
}

const COMMIT = query('COMMIT');

export interface CommitProxy {
  /** The database's address through the proxy. */
  url: string;
  /** The next COMMIT reaches the server, which does it; the connection is cut instead of the answer. */
  arm(): void;
  /** Connections cut so far. */
  readonly cut: number;
  stop(): Promise<void>;
}

/** A TCP proxy in front of PostgreSQL that loses the answers to COMMITs. */
export async function startCommitProxy(database: string): Promise<CommitProxy> {
  const target = new URL(database);
  const sockets = new Set<Socket>();
  let armed = false;
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
      if (armed && bytes.includes(COMMIT)) {
        armed = false;
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
  return {
    url: url.href,
    arm: () => void (armed = true),
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
