import { readlinkSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import path from 'node:path';
import { ClusterError } from '../errors.js';
import { Daemon } from '../process/daemon.js';
import { runTool } from '../process/run-tool.js';

/** Of pods on node i: 10.244.i.0/24, known within the cluster's network alone. */
export const PODS = '10.244.0.0/16';
export const podsOf = (node: number): string => `10.244.${node}.0/24`;

/** Of this machine on the cluster's network, and of the first node. */
const MACHINE = 254;
const FIRST_NODE = 10;
export const MOST_NODES = 9;

/**
 * A network of the cluster's own, in which the control plane runs and to which nodes are cabled. This machine has an address in
 * it; no way leads out. It goes with this process.
 */
export class ClusterNetwork {
  private readonly holder: Daemon;
  private isLaid = false;

  private constructor(
    private readonly subnet: number,
    folder: string,
  ) {
    this.holder = new Daemon({
      name: 'network',
      program: 'unshare',
      args: ['--net', 'sleep', 'infinity'],
      log: path.join(folder, 'logs', 'network.log'),
      isReady: () => Promise.resolve(readlinkSync(this.namespace) !== readlinkSync('/proc/self/ns/net')),
    });
  }

  /** @throws ClusterError NOT_STARTED; Error with the words of `ip` */
  static async start(folder: string, signal?: AbortSignal): Promise<ClusterNetwork> {
    const network = new ClusterNetwork(freeSubnet(), folder);
    try {
      await network.holder.start(signal);
      await network.lay();
      return network;
    } catch (error) {
      await network.stop();
      throw error;
    }
  }

  /** Of the control plane. */
  get host(): string {
    return this.address(1);
  }

  addressOf(node: number): string {
    return this.address(FIRST_NODE + node);
  }

  /** A file, for nsenter --net. */
  get namespace(): string {
    return `/proc/${this.holder.pid}/ns/net`;
  }

  async stop(): Promise<void> {
    await this.holder.kill('SIGKILL');
    if (!this.isLaid) return;
    // By itself it goes too, but only with the last connection that was open when its end died: a minute or two.
    await runTool('ip', ['link', 'delete', linkOf(this.subnet)]).catch(() => undefined);
  }

  private address(last: number): string {
    return `10.250.${this.subnet}.${last}`;
  }

  private async lay(): Promise<void> {
    const link = linkOf(this.subnet);
    await runTool('ip', [
      'link',
      'add',
      link,
      'type',
      'veth',
      'peer',
      'name',
      'machine',
      'netns',
      `${this.holder.pid}`,
    ]);
    this.isLaid = true;
    await runTool('ip', ['address', 'add', `${this.address(MACHINE)}/24`, 'dev', link]);
    await runTool('ip', ['link', 'set', link, 'up']);
    const routes = Array.from({ length: MOST_NODES }, (_, i) => i + 1).map(
      (node) => `ip route add ${podsOf(node)} via ${this.addressOf(node)}`,
    );
    const inside = [
      'ip link set lo up',
      'ip link add nodes type bridge',
      `ip address add ${this.host}/24 dev nodes`,
      'ip link set nodes up',
      'ip link set machine master nodes up',
      'echo 1 > /proc/sys/net/ipv4/ip_forward',
      ...routes,
    ];
    await runTool('nsenter', [`--net=${this.namespace}`, 'sh', '-euc', inside.join('\n')]);
  }
}

const linkOf = (subnet: number) => `orestes${subnet}`;

/** Third number of an address range that this machine has no part in. */
function freeSubnet(): number {
  const addresses = Object.values(networkInterfaces()).flatMap((each) => (each ?? []).map(({ address }) => address));
  const taken = new Set(
    addresses.filter((each) => each.startsWith('10.250.')).map((each) => Number(each.split('.')[2])),
  );
  for (let subnet = 1; subnet < 255; subnet++) if (!taken.has(subnet)) return subnet;
  throw new ClusterError('NOT_STARTED', 'no network is free for the cluster (tried: 10.250.1.0/24 to 10.250.254.0/24)');
}
