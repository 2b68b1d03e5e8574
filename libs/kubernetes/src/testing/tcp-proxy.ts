import { once } from 'node:events';
import { createConnection, createServer, type Socket } from 'node:net';

export interface TcpProxy {
  port: number;
  /** Ends all connections by RST, as a dying middlebox does. */
  cut(): void;
  /** From now on nothing more passes on the connections that there are, either way, and nobody is told: they are half-open. */
  swallow(): void;
  /** Refuses new connections, and cuts those that there are; `open` ends it. */
  shut(): Promise<void>;
  open(): Promise<void>;
  /** Connections accepted so far. */
  readonly accepted: number;
  stop(): Promise<void>;
}

interface Pair {
  near: Socket;
  far: Socket;
}

/** A TCP proxy in front of a local port that fails as it is told. */
export async function startTcpProxy(target: number): Promise<TcpProxy> {
  const pairs = new Set<Pair>();
  let accepted = 0;
  let port = 0;
  const server = createServer((near) => {
    accepted++;
    const far = createConnection(target, '127.0.0.1');
    const pair = { near, far };
    pairs.add(pair);
    near.pipe(far).pipe(near);
    for (const socket of [near, far]) {
      socket.on('error', () => undefined);
      socket.once('close', () => {
        if (!pairs.delete(pair)) return;
        near.destroy();
        far.destroy();
      });
    }
  });
  const open = async () => {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('the proxy has no port');
    port = address.port;
  };
  const cut = () => {
    for (const { near, far } of pairs) {
      near.resetAndDestroy();
      far.destroy();
    }
  };
  const shut = async () => {
    server.close();
    cut();
    await once(server, 'close');
  };
  await open();
  return {
    port,
    cut,
    shut,
    open,
    swallow() {
      for (const { near, far } of pairs) {
        near.unpipe(far);
        far.unpipe(near);
        near.on('data', () => undefined); // acknowledged by the kernel, and lost
        far.on('data', () => undefined);
      }
    },
    get accepted() {
      return accepted;
    },
    async stop() {
      if (server.listening) await shut();
    },
  };
}
