import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { KubernetesClient } from '@orestes/kubernetes';
import { collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import type { Caches } from './caches.js';
import type { OperatorConfig } from './config.js';
import type { Reconciler } from './reconciler.js';

interface Sources {
  caches: Caches;
  kubernetes: KubernetesClient;
  /** null while another process leads. */
  reconciler: () => Reconciler | null;
}

export interface Health {
  port: number;
  close(): Promise<void>;
}

/** /healthz, /readyz and /metrics. */
export async function serveHealth({ host, port }: OperatorConfig, sources: Sources): Promise<Health> {
  const metrics = metricsOf(sources);
  const server = createServer((request, response) => {
    const answer = (status: number, text: string, type = 'text/plain') =>
      response.writeHead(status, { 'content-type': type }).end(text);
    if (request.url === '/healthz') answer(200, 'ok');
    else if (request.url === '/readyz') {
      const why = unready(sources.caches);
      answer(why === null ? 200 : 503, why ?? 'ok');
    } else if (request.url === '/metrics')
      metrics.metrics().then(
        (text) => answer(200, text, metrics.contentType),
        (error: Error) => answer(500, error.message),
      );
    else answer(404, 'none');
  }).listen(port, host);
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

function unready(caches: Caches): string | null {
  if (caches.all.some(({ synced }) => !synced)) return 'not everything has been listed yet';
  return caches.stale ? `the apiserver was last heard ${Math.round(caches.ageMs() / 1000)} s ago` : null;
}

function metricsOf({ caches, kubernetes, reconciler }: Sources): Registry {
  const registers = new Registry();
  collectDefaultMetrics({ register: registers });
  const gauge = (name: string, help: string, labelNames: string[], collect: (gauge: Gauge) => void) =>
    new Gauge({
      name: `orestes_operator_${name}`,
      help,
      labelNames,
      registers: [registers],
      collect() {
        this.reset();
        collect(this);
      },
    });
  gauge('leader', '1 while this process leads.', [], (g) => g.set(reconciler() ? 1 : 0));
  gauge('informer_age_seconds', 'Since the apiserver was last heard.', [], (g) => g.set(caches.ageMs() / 1000));
  gauge('informer_restarts', 'Watches and lists that did not end as they should.', [], (g) =>
    g.set(caches.all.reduce((sum, { restarts }) => sum + restarts, 0)),
  );
  gauge('queue_depth', 'TrainingJobs to be looked at.', [], (g) => g.set(reconciler()?.queue.depth ?? 0));
  gauge('queue_oldest_seconds', 'How long the first of them has waited.', [], (g) =>
    g.set((reconciler()?.queue.oldestAgeMs ?? 0) / 1000),
  );
  gauge('queue_retries', 'Actions that failed and were tried again.', [], (g) =>
    g.set(reconciler()?.queue.retries ?? 0),
  );
  gauge('actions', 'Actions carried out.', ['kind'], (g) => {
    for (const [kind, count] of reconciler()?.done ?? []) g.set({ kind }, count);
  });
  gauge('requests', 'Requests to the apiserver.', ['verb', 'resource', 'status'], (g) => {
    for (const { count, ...labels } of kubernetes.requests) g.set(labels, count);
  });
  gauge('gpus_held', 'GPUs held by jobs.', ['queue', 'product'], (g) => {
    for (const { queue, flavor, held } of reconciler()?.ledger.figures() ?? []) g.set({ queue, product: flavor }, held);
  });
  gauge('gpus_quota', 'GPUs that jobs may hold.', ['queue', 'product'], (g) => {
    for (const { queue, flavor, limit } of reconciler()?.ledger.figures() ?? [])
      g.set({ queue, product: flavor }, limit);
  });
  return registers;
}
