import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { whyNoCluster } from '../why-no-cluster.js';

/** Debian's packages, by a program of each. */
const PACKAGES = {
  containerd: 'containerd',
  runc: 'runc',
  '/usr/lib/cni/bridge': 'containernetworking-plugins',
  iptables: 'iptables',
  conntrack: 'conntrack',
  ip: 'iproute2',
  buildah: 'buildah',
  mmdebstrap: 'mmdebstrap',
  pip3: 'python3-pip',
} as const;

/** Packages that real nodes and their images need and this machine has not. */
export function missingPackages(): string[] {
  const isThere = (program: string) =>
    program.startsWith('/') ? existsSync(program) : spawnSync('which', [program], { stdio: 'ignore' }).status === 0;
  return Object.entries(PACKAGES).flatMap(([program, name]) => (isThere(program) ? [] : [name]));
}

/** Why no real node can be started on this machine, in words for people; null: it can. */
export function whyNoNodes(): string | null {
  const reason = whyNoCluster();
  if (reason !== null) return reason;
  if (process.getuid?.() !== 0) return 'real nodes need root: networks, mounts and control groups of their own';
  if (!existsSync('/proc/sys/net/bridge'))
    return 'the kernel module br_netfilter is not loaded (modprobe br_netfilter): pods would not find Services';
  const missing = missingPackages();
  return missing.length === 0 ? null : `these Debian packages are missing: ${missing.join(' ')}`;
}
