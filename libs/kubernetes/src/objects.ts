import type { V1ObjectMeta } from '@kubernetes/client-node';

/** One of client-node's models as it comes over the wire: its timestamps are strings. */
export type Json<T> = T extends Date ? string : T extends object ? { [K in keyof T]: Json<T[K]> } : T;

export type ObjectMeta = Json<V1ObjectMeta>;

/** What every kind has. The client fills in `apiVersion` and `kind` of what it sends; items of a list come without them. */
export interface KubernetesObject {
  apiVersion?: string;
  kind?: string;
  metadata?: ObjectMeta;
}

/** An object that the apiserver answered: it has a name, a uid and a version. */
export type Stored<T extends KubernetesObject> = T & {
  metadata: ObjectMeta & { name: string; uid: string; resourceVersion: string };
};

/** The fields that a manager owns, for server-side apply. */
export type Applied<T> = Partially<T> & { metadata: { name: string; namespace?: string } };

export type Partially<T> = T extends object ? { [K in keyof T]?: Partially<T[K]> } : T;

/** RFC 7386: null removes a field, an array is replaced whole. */
export type MergePatch<T> = T extends readonly unknown[]
  ? T
  : T extends object
    ? { [K in keyof T]?: MergePatch<T[K]> | null }
    : T;

export interface Ref {
  /** Of a namespaced kind. */
  namespace?: string;
  name: string;
}

/** `namespace/name`, or `name` for what lies in no namespace: the key of caches and queues. */
export function keyOf({ metadata }: KubernetesObject): string {
  const name = metadata?.name ?? '';
  return metadata?.namespace ? `${metadata.namespace}/${name}` : name;
}

/** What `keyOf` gave, as the client takes it. */
export function refOf(key: string): Ref {
  const slash = key.indexOf('/');
  return slash < 0 ? { name: key } : { namespace: key.slice(0, slash), name: key.slice(slash + 1) };
}

/**
 * Whether version `a` is later than `b`. Resource versions of one kind are comparable as decimal numbers
 * (https://kubernetes.io/docs/reference/using-api/api-concepts/#resource-versions).
 */
export function isNewer(a: string, b: string): boolean {
  return a.length === b.length ? a > b : a.length > b.length;
}
