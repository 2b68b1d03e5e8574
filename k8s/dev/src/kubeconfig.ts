import { writeFile } from 'node:fs/promises';
import type { Identity } from './pki.js';

const base64 = (text: string) => Buffer.from(text).toString('base64');

/** Writes a kubeconfig (JSON, which is YAML) that needs no other file. */
export async function writeKubeconfig(
  file: string,
  cluster: { url: string; authority: string },
  user: string,
  identity: Identity,
): Promise<string> {
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      { name: 'orestes', cluster: { server: cluster.url, 'certificate-authority-data': base64(cluster.authority) } },
    ],
    users: [
      {
        name: user,
        user: { 'client-certificate-data': base64(identity.certificate), 'client-key-data': base64(identity.key) },
      },
    ],
    contexts: [{ name: 'orestes', context: { cluster: 'orestes', user } }],
    'current-context': 'orestes',
  };
  await writeFile(file, JSON.stringify(config, null, 2), { mode: 0o600 });
  return file;
}
