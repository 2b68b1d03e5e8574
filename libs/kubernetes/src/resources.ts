import type {
  V1ConfigMap,
  V1CustomResourceDefinition,
  V1Job,
  V1Lease,
  V1Namespace,
  V1Node,
  V1Pod,
  V1Service,
  V1TokenReview,
} from '@kubernetes/client-node';
import type { Json, KubernetesObject, Ref } from './objects.js';

export type Job = Json<V1Job>;
export type Pod = Json<V1Pod>;
export type Service = Json<V1Service>;
export type ConfigMap = Json<V1ConfigMap>;
export type Node = Json<V1Node>;
export type Lease = Json<V1Lease>;
export type TokenReview = Json<V1TokenReview>;
export type CustomResourceDefinition = Json<V1CustomResourceDefinition>;
export type Namespace = Json<V1Namespace>;

/** A kind of the API, as a value that carries the type of its objects. */
export interface Resource<T extends KubernetesObject> {
  /** Empty for the core group. */
  readonly group: string;
  readonly version: string;
  /** The name in paths, for example `jobs`. */
  readonly plural: string;
  readonly kind: string;
  readonly namespaced: boolean;
  /** Never set: the type alone counts. */
  readonly object?: T;
}

export const resource = <T extends KubernetesObject>(of: Omit<Resource<T>, 'object'>): Resource<T> => of;

const core = { group: '', version: 'v1' };

export const RESOURCES = {
  jobs: resource<Job>({ group: 'batch', version: 'v1', plural: 'jobs', kind: 'Job', namespaced: true }),
  pods: resource<Pod>({ ...core, plural: 'pods', kind: 'Pod', namespaced: true }),
  services: resource<Service>({ ...core, plural: 'services', kind: 'Service', namespaced: true }),
  configmaps: resource<ConfigMap>({ ...core, plural: 'configmaps', kind: 'ConfigMap', namespaced: true }),
  nodes: resource<Node>({ ...core, plural: 'nodes', kind: 'Node', namespaced: false }),
  namespaces: resource<Namespace>({ ...core, plural: 'namespaces', kind: 'Namespace', namespaced: false }),
  leases: resource<Lease>({
    group: 'coordination.k8s.io',
    version: 'v1',
    plural: 'leases',
    kind: 'Lease',
    namespaced: true,
  }),
  tokenreviews: resource<TokenReview>({
    group: 'authentication.k8s.io',
    version: 'v1',
    plural: 'tokenreviews',
    kind: 'TokenReview',
    namespaced: false,
  }),
  customresourcedefinitions: resource<CustomResourceDefinition>({
    group: 'apiextensions.k8s.io',
    version: 'v1',
    plural: 'customresourcedefinitions',
    kind: 'CustomResourceDefinition',
    namespaced: false,
  }),
} satisfies Record<string, Resource<KubernetesObject>>;

export const {
  jobs: JOBS,
  pods: PODS,
  services: SERVICES,
  configmaps: CONFIG_MAPS,
  nodes: NODES,
  namespaces: NAMESPACES,
  leases: LEASES,
  tokenreviews: TOKEN_REVIEWS,
  customresourcedefinitions: CUSTOM_RESOURCE_DEFINITIONS,
} = RESOURCES;

export const apiVersionOf = ({ group, version }: Resource<KubernetesObject>): string =>
  group ? `${group}/${version}` : version;

/**
 * The path of one object, or without a name of all of them (of one namespace, or of all).
 * @param subresource for example `status`
 */
export function pathOf(
  of: Resource<KubernetesObject>,
  { namespace, name }: Partial<Ref>,
  subresource?: string,
): string {
  if (of.namespaced && name !== undefined && !namespace)
    throw new TypeError(`${of.plural} ${name}: no namespace is given, and a ${of.kind} lies in one`);
  const place = of.namespaced && namespace ? ['namespaces', namespace] : [];
  const rest = [...place, of.plural, name, subresource].filter((part) => part !== undefined);
  return [of.group ? '/apis' : '/api', apiVersionOf(of), ...rest.map(encodeURIComponent)].join('/');
}
