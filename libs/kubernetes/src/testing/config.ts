import { KubeConfig } from '@kubernetes/client-node';

/** @param port where the API server is to be met, for example a proxy's */
export function configOf(file: string, port?: number): KubeConfig {
  const config = new KubeConfig();
  config.loadFromFile(file);
  if (port === undefined) return config;
  const clusters = config.clusters.map((cluster) => ({ ...cluster, server: `https://127.0.0.1:${port}` }));
  config.loadFromOptions({ ...config, clusters });
  return config;
}
