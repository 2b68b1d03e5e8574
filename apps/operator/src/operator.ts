import { CUSTOM_RESOURCE_DEFINITIONS, Election, KubeConfig, KubernetesClient } from '@orestes/kubernetes';
import type { Logger } from 'pino';
import { ClusterApi } from './act/api.js';
import { Caches } from './caches.js';
import type { OperatorConfig } from './config.js';
import { serveHealth } from './health.js';
import { Reconciler } from './reconciler.js';

const FIELD_MANAGER = 'orestes-operator';
const KUEUE = 'workloads.kueue.x-k8s.io';

/**
 * Runs the operator until the signal aborts: caches always, decisions while it holds the lease.
 * @throws OrestesError KUBERNETES_CONFIG; KUBERNETES_UNREACHABLE and KUBERNETES_REFUSED where it can't ask for Kueue's CRD
 */
export async function runOperator(config: OperatorConfig, log: Logger, signal: AbortSignal): Promise<void> {
  const kubeConfig = new KubeConfig();
  kubeConfig.loadFromDefault();
  const rateLimit = config.qps === undefined ? null : { qps: config.qps, burst: 2 * config.qps };
  const kubernetes = new KubernetesClient(kubeConfig, { fieldManager: FIELD_MANAGER, rateLimit });
  const onTrouble = (error: unknown) => log.warn({ err: error }, 'the apiserver');
  const caches = new Caches(kubernetes, config.namespace, onTrouble);
  const state: { reconciler: Reconciler | null } = { reconciler: null };
  const health = await serveHealth(config, { caches, kubernetes, reconciler: () => state.reconciler });
  try {
    await caches.start(signal);
    if (signal.aborted) return;
    const admission = config.admission === 'auto' ? await detected(kubernetes) : config.admission;
    log.info({ admission, port: health.port }, 'ready');
    const { leaseSeconds, renewSeconds, retrySeconds } = config.election;
    const election = new Election({
      ...{ config: kubeConfig, lease: { namespace: config.namespace, name: FIELD_MANAGER } },
      ...{ identity: config.identity, onTrouble },
      ...{ durationMs: 1000 * leaseSeconds, renewDeadlineMs: 1000 * renewSeconds, retryMs: 1000 * retrySeconds },
    });
    const onLead = async (epoch: number, term: AbortSignal) => {
      log.info({ epoch }, 'leads');
      const api = new ClusterApi(config, epoch);
      const assertLeader = () => void election.assertLeader();
      const supersede = (newest: number) => election.supersede(newest);
      state.reconciler = new Reconciler({ config, kubernetes, caches, api, admission, log, assertLeader, supersede });
      await state.reconciler.run(term);
      state.reconciler = null;
      await api.close();
      log.info({ epoch }, 'leads no more');
    };
    await election.run({ onLead }, signal);
  } finally {
    await caches.stop();
    await health.close();
    await kubernetes.close();
  }
}

/** Kueue admits jobs where it is installed. */
async function detected(kubernetes: KubernetesClient): Promise<'kueue' | 'own'> {
  return (await kubernetes.find(CUSTOM_RESOURCE_DEFINITIONS, { name: KUEUE })) ? 'kueue' : 'own';
}
