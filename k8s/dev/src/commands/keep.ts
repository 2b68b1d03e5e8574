import { rm } from 'node:fs/promises';
import { ALL_PARTS, startControlPlane } from '../control-plane.js';
import { messageOf } from '../errors.js';
import { SIMULATED_BY } from '../fake-nodes.js';
import { identityOf } from '../process/identity.js';
import type { Arguments } from './arguments.js';
import { stateFile, writeState } from './state.js';

/** What is kept. */
export interface Kept extends Pick<Arguments, 'data' | 'nodes' | 'gpus' | 'realNodes'> {
  /** An archive, for real nodes; empty where there are none. */
  images: string;
}

/**
 * The process behind `up`, which keeps the cluster until it is told to end (SIGTERM): a cluster ends with the process that
 * started it, and `up` itself returns. Its answer to `up` goes over the IPC channel: null, or what went wrong.
 */
export async function keep({ data, nodes, gpus, realNodes, images }: Kept): Promise<void> {
  const ending = new AbortController();
  const ended = new Promise<void>((resolve) => ending.signal.addEventListener('abort', () => resolve()));
  let ready = false;
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => ending.abort());
  process.on('disconnect', () => (ready ? undefined : ending.abort())); // `up` was killed before it was up
  try {
    const cluster = await startControlPlane({
      ...{ folder: data, parts: ALL_PARTS, durable: true, signal: ending.signal },
      ...(realNodes > 0 && { nodes: { count: realNodes, images } }),
    });
    try {
      await cluster.addFakeNodes(await missing(cluster.request('GET', SIMULATED), nodes), { gpus });
      for (const node of cluster.nodes) await node.addVolumes(VOLUMES);
      const daemons = [...cluster.processes, ...(cluster.dns ? [cluster.dns] : []), ...cluster.nodes];
      const processes = daemons.map(({ name, pid, log }) => ({ name, pid, log }));
      const { url, kubeconfig, tools } = cluster;
      await writeState(data, { keeper: identityOf(process.pid) ?? '', url, kubeconfig, ...tools, processes });
      ready = true;
      process.send?.(null);
      if (process.connected) process.disconnect();
      const beat = setInterval(() => undefined, 2 ** 30); // the programs alone do not keep this process
      await ended;
      clearInterval(beat);
    } finally {
      await rm(stateFile(data), { force: true });
      await cluster.stop();
    }
  } catch (error) {
    process.exitCode = 1;
    if (process.connected) process.send?.(messageOf(error), () => process.disconnect());
  }
}

const SIMULATED = `/api/v1/nodes?labelSelector=${encodeURIComponent(SIMULATED_BY)}`;
/** Of each real node: claims without a storage class find them. */
const VOLUMES = 4;

/** A cluster that is started again has its nodes already. */
async function missing(answer: Promise<{ body: unknown }>, wanted: number): Promise<number> {
  const { items } = (await answer).body as { items: unknown[] };
  return Math.max(0, wanted - items.length);
}
