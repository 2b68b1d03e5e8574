import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { ApiClient } from './api.js';
import { SERVER_HOSTS, url, type Component, type Place } from './components.js';
import { writeKubeconfig } from './kubeconfig.js';
import { Authority, serviceAccountKey } from './pki.js';

const ADMINISTRATORS = 'system:masters';

/** Who the components are, by RBAC's own names; kwok stands for every simulated kubelet. */
const CLIENTS: Partial<Record<Component, { name: string; groups?: string[] }>> = {
  'kube-controller-manager': { name: 'system:kube-controller-manager' },
  'kube-scheduler': { name: 'system:kube-scheduler' },
  kwok: { name: 'kwok', groups: [ADMINISTRATORS] },
};

export interface Identities {
  /** An administrator's. */
  kubeconfig: string;
  /** The cluster's certificate authority: a file. */
  authority: string;
  api: ApiClient;
  /** Whether a server of the cluster answers with success. */
  answers(url: string): Promise<boolean>;
  kubeconfigFor(user: string, groups: readonly string[]): Promise<string>;
}

/** Writes the keys, certificates and kubeconfigs of a cluster; keys that lie there from an earlier start stay. */
export async function writeIdentities(place: Place): Promise<Identities> {
  const pki = path.join(place.folder, 'pki');
  await mkdir(pki, { recursive: true, mode: 0o700 });
  const authority = await Authority.open(pki);
  await serviceAccountKey(path.join(pki, 'service-accounts.key'));
  const server = await authority.issue({ name: 'kube-apiserver', hosts: [...SERVER_HOSTS, place.host] });
  await writeFile(path.join(pki, 'server.crt'), server.certificate);
  await writeFile(path.join(pki, 'server.key'), server.key, { mode: 0o600 });

  const kubeletClient = await authority.issue({ name: 'kube-apiserver-kubelet-client', groups: [ADMINISTRATORS] });
  await writeFile(path.join(pki, 'kubelet-client.crt'), kubeletClient.certificate);
  await writeFile(path.join(pki, 'kubelet-client.key'), kubeletClient.key, { mode: 0o600 });

  const cluster = { url: url(place, 'kube-apiserver'), authority: authority.certificate };
  const write = async (file: string, name: string, groups: readonly string[] = []) => {
    const identity = await authority.issue({ name, groups });
    return { identity, kubeconfig: await writeKubeconfig(path.join(place.folder, file), cluster, name, identity) };
  };
  for (const [component, { name, groups }] of Object.entries(CLIENTS))
    await write(`${component}.kubeconfig`, name, groups);
  const { identity, kubeconfig } = await write('admin.kubeconfig', 'admin', [ADMINISTRATORS]);
  const api = new ApiClient(cluster.url, authority.certificate, identity);
  let others = 0;
  return {
    kubeconfig,
    authority: path.join(pki, 'ca.crt'),
    api,
    answers: async (address) => (await api.send('GET', address)).status === 200,
    kubeconfigFor: async (user, groups) => (await write(`user-${++others}.kubeconfig`, user, groups)).kubeconfig,
  };
}
