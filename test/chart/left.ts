import type { ControlPlane } from '@orestes/dev-cluster';

/** After `helm uninstall`: what NOTES.txt says is kept, and what Kubernetes puts into every namespace. */
export const LEFT = [
  'configmap/kube-root-ca.crt',
  'persistentvolumeclaim/data-orestes-postgresql-0',
  'persistentvolumeclaim/data-orestes-store-0',
  'secret/orestes-first-key',
  'secret/orestes-postgresql',
  'secret/orestes-store',
  'serviceaccount/default',
];

/** Names of all objects in a namespace, in order, but those that come and go by themselves. */
export async function everythingIn(cluster: ControlPlane, namespace: string): Promise<string[]> {
  const kinds = (await cluster.kubectl('api-resources', '--namespaced', '--verbs=list', '-o', 'name')).trim();
  const listed = kinds.split('\n').filter((kind) => !/^events|^endpoints$|^leases/.test(kind));
  const names = await cluster.kubectl('--namespace', namespace, 'get', [...new Set(listed)].join(','), '-o', 'name');
  return names.trim().split('\n').sort();
}
