import { isNewer, keyOf, type KubernetesObject, type Stored } from './objects.js';

/** `old` is null for what is new, `new` for what is gone. An object that took another's name is told as both, in turn. */
export interface Change<T extends KubernetesObject> {
  key: string;
  old: Stored<T> | null;
  new: Stored<T> | null;
}

export type IndexFunction<T extends KubernetesObject> = (object: Stored<T>) => readonly string[];

/** Objects by key, and keys by what the index functions say of them. Each write tells what changed by it. */
export class Cache<T extends KubernetesObject, Index extends string = never> {
  private readonly objects = new Map<string, Stored<T>>();
  private readonly indexed = new Map<Index, Map<string, Set<string>>>();

  constructor(private readonly indexes: Record<Index, IndexFunction<T>>) {
    for (const name of Object.keys(indexes) as Index[]) this.indexed.set(name, new Map());
  }

  get size(): number {
    return this.objects.size;
  }

  get(key: string): Stored<T> | null {
    return this.objects.get(key) ?? null;
  }

  values(): Stored<T>[] {
    return [...this.objects.values()];
  }

  byIndex(name: Index, value: string): Stored<T>[] {
    const keys = this.indexed.get(name)?.get(value) ?? [];
    return [...keys].map((key) => this.objects.get(key)!); // the two are written together
  }

  /** What is not newer than what is known changes nothing. */
  set(object: Stored<T>): Change<T>[] {
    const key = keyOf(object);
    const known = this.get(key);
    const { uid, resourceVersion } = object.metadata;
    if (known && !isNewer(resourceVersion, known.metadata.resourceVersion)) return [];
    this.write(key, known, object);
    if (!known || known.metadata.uid === uid) return [{ key, old: known, new: object }];
    return replaced(key, known, object);
  }

  /** @param object as it was at its end: an object that came after it under the same name stays */
  delete(object: Stored<T>): Change<T>[] {
    const key = keyOf(object);
    const known = this.get(key);
    if (!known || isNewer(known.metadata.resourceVersion, object.metadata.resourceVersion)) return [];
    this.write(key, known, null);
    return [{ key, old: known, new: null }];
  }

  /** Makes it equal to a list, which is right even where its versions are older: a cluster may come from a backup. */
  replace(objects: readonly Stored<T>[]): Change<T>[] {
    const changes: Change<T>[] = [];
    const listed = new Map(objects.map((object) => [keyOf(object), object]));
    for (const [key, known] of this.objects) {
      if (listed.has(key)) continue;
      this.write(key, known, null);
      changes.push({ key, old: known, new: null });
    }
    for (const [key, object] of listed) {
      const known = this.get(key);
      const { uid, resourceVersion } = object.metadata;
      if (known?.metadata.uid === uid && known.metadata.resourceVersion === resourceVersion) continue;
      this.write(key, known, object);
      if (known && known.metadata.uid !== uid) changes.push(...replaced(key, known, object));
      else changes.push({ key, old: known, new: object });
    }
    return changes;
  }

  private write(key: string, old: Stored<T> | null, next: Stored<T> | null): void {
    for (const [name, entries] of this.indexed) {
      for (const value of old ? this.indexes[name](old) : []) {
        const keys = entries.get(value);
        keys?.delete(key);
        if (keys?.size === 0) entries.delete(value);
      }
      for (const value of next ? this.indexes[name](next) : []) {
        const keys = entries.get(value);
        if (keys) keys.add(key);
        else entries.set(value, new Set([key]));
      }
    }
    if (next) this.objects.set(key, next);
    else this.objects.delete(key);
  }
}

function replaced<T extends KubernetesObject>(key: string, old: Stored<T>, next: Stored<T>): Change<T>[] {
  return [
    { key, old, new: null },
    { key, old: null, new: next },
  ];
}
