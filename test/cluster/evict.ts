import type { Answer, ControlPlane } from '@orestes/dev-cluster';

/** Asks the API server to evict a pod, as a drain does. */
export function evict(control: ControlPlane, namespace: string, pod: string, graceSeconds: number): Promise<Answer> {
  return control.request('POST', `/api/v1/namespaces/${namespace}/pods/${pod}/eviction`, {
    ...{ apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: pod, namespace } },
    deleteOptions: { gracePeriodSeconds: graceSeconds },
  });
}
