import { once } from 'node:events';
import { print } from '../output.js';

export interface ServeOptions {
  data?: string;
  host?: string;
  port?: number;
  slots?: number;
  outputs?: string;
  keys?: boolean;
  allow?: string[];
}

/** Serves API and page until Ctrl-C or SIGTERM, which lets running jobs save. */
export async function serve(options: ServeOptions): Promise<void> {
  const { serviceConfig, startService } = await import('@orestes/api');
  const config = serviceConfig(options);
  const stop = stopRequest();
  const service = await startService(config);
  print(
    `Orestes serves at ${service.url} (data: ${config.data}, ${config.slots} ${config.slots === 1 ? 'worker' : 'workers'} at a time)`,
  );
  if (service.databaseFolder && !service.databaseFolder.startsWith(config.data))
    print(`database: ${service.databaseFolder}`);
  if (service.firstKey) print(`every request needs a key; the first is in ${service.firstKey}`);
  else if (config.keys) print('every request needs a key');
  await stop;
  process.stderr.write('\nstopping: running jobs save where they are (again: at once) ...\n');
  await service.stop();
}

/** Resolves at the first signal; the second one ends the process. Workers that it leaves behind are found by the next service. */
async function stopRequest(): Promise<void> {
  await Promise.race((['SIGINT', 'SIGTERM'] as const).map((signal) => once(process, signal)));
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(130));
}
