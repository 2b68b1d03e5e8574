import type { RequestOptions } from 'node:https';
import { isDeepStrictEqual, types } from 'node:util';
import { UserError } from '@orestes/contracts';
import type { KubeConfig } from '@kubernetes/client-node';
import { Agent } from 'undici';
import { type Clock, systemClock } from './clock.js';

/** A renewed token or certificate is noticed within this time; client-node itself keeps a token file for 60 s. */
const CREDENTIALS_MS = 10_000;
const CONNECT_MS = 5_000;
/** Below the 90 s after which an apiserver closes an idle connection, so that no request meets one that is being closed. */
const KEEP_ALIVE_MS = 30_000;
const CONNECTIONS = 64;

type Tls = Pick<RequestOptions, 'ca' | 'cert' | 'key' | 'passphrase' | 'servername' | 'rejectUnauthorized'>;
export interface Credentials {
  agent: Agent;
  headers: Record<string, string>;
}

/** Kept connections to the cluster of a kubeconfig's current context, with its credentials as they are now. */
export class Connection {
  /** scheme://host:port */
  readonly origin: string;
  /** Before every path; empty, unless the apiserver lies behind something that has others too. */
  readonly prefix: string;
  /** The current one, and older ones while something is under way on them. */
  private readonly agents = new Set<Agent>();
  private tls: Tls | null = null;
  private current: Credentials | null = null;
  private loading: Promise<Credentials> | null = null;
  private loadedAt = -Infinity;

  constructor(
    private readonly config: KubeConfig,
    private readonly clock: Clock = systemClock,
  ) {
    const cluster = config.getCurrentCluster();
    if (!cluster) throw unusable(`no cluster belongs to the current context '${config.getCurrentContext()}'`);
    if (cluster.proxyUrl) throw unusable(`cluster ${cluster.name}: proxy-url is not supported`);
    const { origin, pathname } = new URL(cluster.server);
    this.origin = origin;
    this.prefix = pathname.replace(/\/+$/, '');
  }

  /** @throws UserError KUBERNETES_CONFIG when the credentials cannot be had: a file is missing, a command fails */
  async credentials(): Promise<Credentials> {
    if (this.current && this.clock.now() - this.loadedAt < CREDENTIALS_MS) return this.current;
    this.loading ??= this.load().finally(() => (this.loading = null));
    return this.loading;
  }

  /**
   * Says that something sent over this agent met silence. What is idle on it may be half-open just so, and each connection
   * would cost the next request its whole time limit; what is under way may end.
   */
  suspect(agent: Agent): void {
    if (this.current?.agent !== agent) return;
    this.retire(agent);
    this.current = null;
  }

  /** Cuts what is under way. */
  async close(): Promise<void> {
    await Promise.all([...this.agents].map((agent) => agent.destroy()));
  }

  private async load(): Promise<Credentials> {
    const options: RequestOptions = {};
    try {
      await this.config.applyToHTTPSOptions(options);
    } catch (error) {
      throw unusable(types.isNativeError(error) ? error.message : String(error), { cause: error });
    }
    const { ca, cert, key, passphrase, servername, rejectUnauthorized, auth } = options;
    const tls: Tls = { ca, cert, key, passphrase, servername, rejectUnauthorized };
    const headers: Record<string, string> = {};
    for (const [name, value] of Object.entries(options.headers ?? {}))
      headers[name.toLowerCase()] = String(value).trim();
    if (auth) headers.authorization = `Basic ${Buffer.from(auth).toString('base64')}`;
    this.current = { agent: this.agentFor(tls), headers };
    this.loadedAt = this.clock.now();
    return this.current;
  }

  /** The same agent while the certificates are the same; what is under way on an older one is let finish. */
  private agentFor(tls: Tls): Agent {
    if (this.current && isDeepStrictEqual(tls, this.tls)) return this.current.agent;
    if (this.current) this.retire(this.current.agent);
    this.tls = tls;
    const set = Object.fromEntries(Object.entries(tls).filter(([, value]) => value !== undefined));
    const agent = new Agent({
      connections: CONNECTIONS,
      keepAliveTimeout: KEEP_ALIVE_MS,
      connect: { ...set, timeout: CONNECT_MS, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_MS },
    });
    this.agents.add(agent);
    return agent;
  }

  private retire(agent: Agent): void {
    void agent.close().then(() => this.agents.delete(agent));
  }
}

const unusable = (message: string, options?: ErrorOptions) =>
  new UserError('KUBERNETES_CONFIG', `kubeconfig: ${message}`, options);
