import { pause } from '../clock.js';
import type { KubernetesClient } from '../client.js';
import type { Informer } from '../informer.js';
import { keyOf, type Stored } from '../objects.js';
import { CONFIG_MAPS, type ConfigMap } from '../resources.js';

const NAMES = 30;

/** Creates, changes and deletes ConfigMaps at random until it is stopped; failures (a server that is down) are gone over. */
export function churn(client: KubernetesClient, namespace: string): { writes: number; stop(): Promise<void> } {
  const stopping = new AbortController();
  const state = { writes: 0, stop };
  const running = (async () => {
    while (!stopping.signal.aborted) {
      const ref = { namespace, name: `c-${Math.floor(Math.random() * NAMES)}` };
      const write =
        Math.random() < 0.4
          ? client.delete(CONFIG_MAPS, ref)
          : client.apply(CONFIG_MAPS, { metadata: ref, data: { n: String(state.writes) } });
      await write.then(
        () => state.writes++,
        () => pause(20),
      );
      await pause(3);
    }
  })();
  async function stop() {
    stopping.abort();
    await running;
  }
  return state;
}

/** What the changes that an informer told add up to, and whatever in them contradicts itself. */
export class Ledger {
  readonly objects = new Map<string, Stored<ConfigMap>>();
  readonly contradictions: string[] = [];
  changes = 0;

  constructor(informer: Informer<ConfigMap, string>) {
    informer.subscribe((change) => {
      this.changes++;
      const known = this.objects.get(change.key) ?? null;
      if (known !== change.old) this.contradictions.push(`${change.key}: the old one is not what was told last`);
      if (change.old && change.new && change.old.metadata.uid !== change.new.metadata.uid)
        this.contradictions.push(`${change.key}: two objects in one change`);
      if (change.new) this.objects.set(change.key, change.new);
      else this.objects.delete(change.key);
    });
  }
}

/** `key@version` of each, in order: equal for equal content. */
export const versions = (objects: Iterable<Stored<ConfigMap>>) =>
  [...objects].map((object) => `${keyOf(object)}@${object.metadata.resourceVersion}`).sort();
